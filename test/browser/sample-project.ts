import { newId } from '../../domain/shared/new-id.ts';
import type { Slipway } from '../support/slipway.ts';
import { makeWorkTree, type WorkTree } from '../support/git-client.ts';

/** A pipeline with parallel steps, colours, an artifact and a gate; `test` waits until a person may have looked. */
export const gatedDefinition = `steps:
  - name: build
    commands: ["echo compiling", "mkdir -p dist", "echo made > dist/app.txt"]
    artifacts: [{ name: dist, path: "dist/**", expires: 30d }]
  - name: lint
    commands: ["echo nothing to complain about"]
  - name: test
    needs: [build]
    commands:
      - |
        for i in $(seq 1 40); do printf '\\033[32mok\\033[0m case %s\\n' "$i"; sleep 0.3; done
  - name: approve
    needs: [test, lint]
    gate: { approvals: 1, by: "deploy:promote", expires: 1h }
  - name: publish
    needs: [approve]
    commands: ["echo published"]
`;

export const failingDefinition = `steps:
  - name: test
    commands:
      - |
        for i in $(seq 1 400); do echo "ok $i"; done
        echo "Error: the total is wrong"
        for i in $(seq 1 400); do echo "after $i"; done
        exit 3
`;

const readme = `# Shop

Sells things. <script>window.stolen = true</script> <img src=x onerror="window.stolen = true">

[The server](src/server.ts)
`;

/** Makes a project over the API and a work tree with a first commit on \`main\`, not yet pushed. */
export async function makeProject(
  slipway: Slipway,
  name: string,
  definition: string,
): Promise<WorkTree> {
  const made = await slipway.request('POST', '/api/v1/projects', {
    name,
    description: 'Sells things',
  });
  if (made.status !== 201) throw new Error(JSON.stringify(made.body));
  const tree = await makeWorkTree(`${slipway.baseUrl}/admin/${name}.git`, slipway.adminToken);
  await tree.write({
    'README.md': readme,
    'src/server.ts':
      "export const port = 8080;\n\n/** Says hello. */\nexport function hello(): string {\n  return 'hello';\n}\n",
    '.platform.yaml': definition,
  });
  await tree.commit('Open the shop');
  return tree;
}

/** Gives a project so many members that no list shows all of them, and `names` after them. */
export async function addManyMembers(
  { database: { db } }: Slipway,
  project: string,
  names: readonly string[],
): Promise<void> {
  const { id: projectId } = await db.project.findFirstOrThrow({ where: { name: project } });
  const { id: roleId } = await db.role.findUniqueOrThrow({ where: { name: 'viewer' } });
  const many = Array.from({ length: 120 }, (_, at) => `member-${String(at)}`);
  const people = [...many, ...names].map((name) => ({ id: newId('user'), name }));
  const users = people.map(({ id, name }) => ({ id, name, email: `${name}@example.org` }));
  await db.user.createMany({ data: users });
  await db.userRole.createMany({
    data: people.map(({ id: userId }) => ({ id: newId('binding'), userId, roleId, projectId })),
  });
}

import { runInside } from '../support/exec-bench.ts';
import { newWorkspace, openStepBench, runStep } from '../support/steps.ts';

/** A process that runs steps as whoever it is: prints what came of them as JSON. Its argument is a port of the host. */
const port = process.argv[2] ?? '';
const bench = await openStepBench();
const about = await bench.executor.describe();
const space = await newWorkspace(bench);
const step = (commands: string[], timeoutMs = 60_000) =>
  runStep(bench.executor, space, commands, { network: 'egress', timeoutMs });
const plain = await step([
  'id -u; echo hi > file; cat file; grep -E "^CapEff|^NoNewPrivs" /proc/self/status; ls -A ~',
]);
const registry = await step(['npm view is-number@7.0.0 version']);
const reach = await step(
  ['127.0.0.1', '10.0.2.2'].map((host) => `curl -sS -m 2 http://${host}:${port}/ 2>&1 || :`),
);
const spin = await step(['trap "" TERM; (setsid sleep 60 &); while :; do :; done'], 300);
const service = await runStep(bench.executor, space, ['curl -sS -m 2 $AT 2>&1 || :'], {
  network: 'egress',
  service: {
    connect: (connection) => connection.end('HTTP/1.1 200 OK\r\n\r\nanswered by us'),
    env: (address) => ({ AT: address }),
  },
});
const paths: string[] = [];
for await (const file of bench.executor.collect(space, ['**'])) paths.push(file.path);
await bench.close();
const inside = await runInside();
process.stdout.write(
  JSON.stringify({ about, plain, registry, reach, service, spin, paths, inside }),
);

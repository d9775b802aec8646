/*
 * Asks the launcher (deploy/lib) how programs are run on this machine, and prints the answer as JSON. A process of its
 * own, because jest loads its global setup as CommonJS, which cannot import the launcher's modules.
 */
import { presentTemporal } from '../../deploy/lib/temporal-binary.mjs';
import { postgresProgram } from '../../deploy/lib/postgres-program.mjs';

const { folder, data, initdbArgs, postgresArgs } = JSON.parse(process.argv[2] ?? '{}');

async function postgresPlan() {
  const program = await postgresProgram(folder);
  const invoke = (name, args) => program.invoke(name, data, (seen) => ['-D', seen, ...args]);
  return {
    uid: program.uid,
    gid: program.gid,
    initdb: invoke('initdb', initdbArgs),
    postgres: invoke('postgres', postgresArgs),
  };
}

const plan =
  data === undefined ? { temporal: await presentTemporal(folder) } : await postgresPlan();
process.stdout.write(JSON.stringify(plan));

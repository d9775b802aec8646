/**
 * How our long-lived processes are run, measured in docs/adr/0056-what-an-idle-installation-holds.md. The image says the
 * same in its ENTRYPOINT (deploy/delivery.test.ts compares).
 */
export const nodeFlags = [
  '--enable-source-maps',
  // MiB; the default of 16 leaves 32 MiB of young objects' room to a process that rests
  '--max-semi-space-size=8',
  // Prisma's compiler of queries runs once for each shape of query: code of V8's baseline compiler is good enough for
  // that, the optimizing one costs 300 ms and 30 MiB at each start.
  '--wasm-tiering-budget=1000000000',
];

/** glibc gives each thread an arena of its own, and what was freed in one is of no use to the others. */
export const allocatorEnv = { MALLOC_ARENA_MAX: '2' };

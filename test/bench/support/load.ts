import { makeWorkTree } from '../../support/git-client.ts';
import {
  type EventTape,
  listen,
  type Served,
  type StreamedEvent,
} from '../../support/push-bench.ts';

const projects = 4;
const step = (name: string): string => `  - { name: ${name}, network: none, commands: ["true"] }\n`;
const definition = `on: [api]\nsteps:\n${step('a')}${step('b')}${step('c')}`;

/** Pipelines of three steps that do nothing, in several projects of a product. */
export interface Load {
  /** Starts so many at once and waits until all are over; seconds. */
  together(runs: number): Promise<number>;
  /** Starts so many, each when the one before is over; seconds. */
  oneByOne(runs: number): Promise<number>;
  close(): Promise<void>;
}

async function must(answer: Promise<{ status: number; body: unknown }>, status: number) {
  const given = await answer;
  if (given.status !== status) throw new Error(JSON.stringify(given.body));
}

const isEnd = ({ type }: StreamedEvent): boolean => type === 'pipeline.completed';
const isGreen = ({ payload }: StreamedEvent): boolean => payload.status === 'success';

/** Makes the projects and pushes what their pipelines are. */
export async function makeLoad(product: Served): Promise<Load> {
  for (let n = 0; n < projects; n += 1) {
    const name = `load-${String(n)}`;
    await must(product.request('POST', '/api/v1/projects', { name }), 201);
    const work = await makeWorkTree(`${product.baseUrl}/admin/${name}.git`, product.adminToken);
    await work.write({ '.platform.yaml': definition });
    await work.commit('three steps');
    await work.git('push', '--quiet', 'origin', 'HEAD:main');
    await work.remove();
  }
  const tape: EventTape = await listen(product);
  const start = (n: number): Promise<void> => {
    const path = `/api/v1/projects/admin/load-${String(n % projects)}/pipelines`;
    return must(product.request('POST', path, { ref: 'main' }), 201);
  };
  const together = async (runs: number): Promise<number> => {
    const from = tape.mark();
    const began = performance.now();
    await Promise.all(Array.from({ length: runs }, (_, n) => start(n)));
    await tape.count(from, isEnd, runs);
    const seconds = (performance.now() - began) / 1000;
    const green = tape.since(from).filter((event) => isEnd(event) && isGreen(event));
    if (green.length !== runs) throw new Error(`${String(green.length)} of ${String(runs)} passed`);
    return seconds;
  };
  return {
    together,
    oneByOne: async (runs) => {
      let seconds = 0;
      for (let n = 0; n < runs; n += 1) seconds += await together(1);
      return seconds;
    },
    close: () => tape.stop(),
  };
}

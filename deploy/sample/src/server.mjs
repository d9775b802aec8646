import { createServer } from 'node:http';
import { createApp } from './app.mjs';
import { LinkStore } from './store.mjs';

const port = Number(process.env.PORT ?? 3000);
const store = await LinkStore.open(process.env.DATA_FILE ?? 'data/links.jsonl');
const server = createServer(createApp(store));

server.listen(port, () => console.log(`shortlink listens on port ${server.address().port}`));

let stopping = false;
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.on(signal, () => {
    if (stopping) return;
    stopping = true;
    console.log(`${signal}: finishing what is running`);
    server.close(async () => {
      await store.close();
      console.log('stopped');
    });
    server.closeIdleConnections();
  });
}

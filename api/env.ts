import type { Caller } from '../contracts/identity/principal.ts';
import type { ProjectWithOwner } from '../domain/project/find-project.ts';
import type { Services } from './services.ts';

export interface AppVariables {
  services: Services;
  requestId: string;
  /** W3C traceparent of the request's own span, when requests are traced */
  traceparent?: string;
  /** address of the client, behind trusted proxies the one they tell; null in tests without a socket */
  ipAddr: string | null;
  /** who asks; anonymous on a public route */
  caller: Caller;
  /** the project of the path, when the route's access says `project: 'path'` */
  project: ProjectWithOwner;
}

export interface AppEnv {
  Variables: AppVariables;
  Bindings: { incoming?: { socket?: { remoteAddress?: string } }; outgoing?: unknown };
}

import type { Manifest } from '../../contracts/deploy/manifest.ts';
import type { ServiceAddress } from '../../contracts/deploy/target.ts';
import { listAt, numberAt, part, textAt } from './part.ts';

/** Where people reach what runs: hosts of Ingresses, and addresses that load balancers got. */
export function addressesOf(objects: readonly Manifest[]): ServiceAddress[] {
  return objects.flatMap((object) => {
    if (object.kind === 'Ingress') return ofIngress(object);
    return object.kind === 'Service' ? ofService(object) : [];
  });
}

function ofIngress(ingress: Manifest): ServiceAddress[] {
  const secured = new Set(
    listAt(ingress, 'spec', 'tls').flatMap((entry) => listAt(entry, 'hosts')),
  );
  return listAt(ingress, 'spec', 'rules').flatMap((rule) => {
    const host = textAt(rule, 'host');
    if (host === '') return [];
    return listAt(rule, 'http', 'paths').map((entry) => ({
      service: textAt(entry, 'backend', 'service', 'name'),
      port: numberAt(entry, ['backend', 'service', 'port', 'number']),
      url: `${secured.has(host) ? 'https' : 'http'}://${host}${textAt(entry, 'path') || '/'}`,
    }));
  });
}

function ofService(service: Manifest): ServiceAddress[] {
  return listAt(service, 'status', 'loadBalancer', 'ingress').flatMap((entry) => {
    const host = textAt(entry, 'hostname') || textAt(entry, 'ip');
    return listAt(service, 'spec', 'ports').flatMap((port) => {
      const number = numberAt(port, ['port']);
      if (host === '' || part(port, 'protocol') === 'UDP') return [];
      const named = host.includes(':') ? `[${host}]` : host;
      const scheme = number === 443 ? 'https' : 'http';
      return [
        { service: service.metadata.name, port: number, url: `${scheme}://${named}:${number}` },
      ];
    });
  });
}

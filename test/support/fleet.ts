/**
 * An ops repository of a deployment as many have it: ConfigMap, Service and, where pods run, a Deployment that is rolled
 * anew with each round.
 */
export function fleetFiles({
  withPods,
  round,
}: {
  withPods: boolean;
  round: number;
}): Record<string, string> {
  const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: { name: app }
spec:
  replicas: 1
  selector: { matchLabels: { app: app } }
  template:
    metadata: { labels: { app: app } }
    spec:
      automountServiceAccountToken: false
      containers:
        - name: app
          image: {{ .ImageRef | quote }}
          env: [{ name: ROUND, value: {{ .Values.round | quote }} }]
          ports: [{ containerPort: 8080 }]
`;
  return {
    'apps/app/configmap.yaml': `apiVersion: v1
kind: ConfigMap
metadata: { name: app }
data: { round: {{ .Values.round | quote }} }
`,
    'apps/app/service.yaml': `apiVersion: v1
kind: Service
metadata: { name: app }
spec:
  selector: { app: app }
  ports: [{ port: 80, targetPort: 8080 }]
`,
    ...(withPods ? { 'apps/app/deployment.yaml': deployment } : {}),
    'apps/app/values.yaml': `round: "${String(round)}"\n`,
  };
}

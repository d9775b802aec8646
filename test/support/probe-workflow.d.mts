export function bundleProbeWorkflow(): Promise<{ code: string }>;

export declare const workflowsPath: string;
export declare function bundleWorkflows(): Promise<{ code: string }>;

import { useLocation } from 'preact-iso';

/** `path` with the query keys that have a value. */
export function withQuery(path: string, query: Record<string, string | undefined>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) if (value) search.set(key, value);
  const text = search.toString();
  return text === '' ? path : `${path}?${text}`;
}

/** View state that lives in the address: a link shows the same thing. */
export function useQuery(): {
  query: Record<string, string>;
  setQuery: (change: Record<string, string | undefined>, push?: boolean) => void;
} {
  const { path, query, route } = useLocation();
  return {
    query,
    setQuery: (change, push = false) => {
      route(withQuery(path, { ...query, ...change }) + location.hash, !push);
    },
  };
}

/** Address of a project, or of a page beneath it. */
export function projectPath(owner: string, name: string, rest = ''): string {
  return `/projects/${encodeURIComponent(owner)}/${encodeURIComponent(name)}${rest}`;
}

/** `main` of `refs/heads/main`, `v1` of `refs/tags/v1`. */
export function shortRef(ref: string): string {
  return ref.replace(/^refs\/(heads|tags)\//, '');
}

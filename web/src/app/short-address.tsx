import { useLocation } from 'preact-iso';
import { useEffect } from 'preact/hooks';

/** `/owner/project…`, as git prints it after a push and as people type it, leads to the project. */
export function ShortAddress(): null {
  const { url, route } = useLocation();
  useEffect(() => {
    route(`/projects${url}`, true);
  }, [url]);
  return null;
}

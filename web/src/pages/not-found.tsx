import type { JSX } from 'preact';
import { ButtonLink } from '../components/button.tsx';
import { Empty } from '../components/feedback.tsx';
import { PageHead } from '../components/page.tsx';

/** No page has this address, or what it shows may not be seen. */
export function NotFound({ what = 'page' }: { what?: string }): JSX.Element {
  return (
    <>
      <PageHead title="Not found" documentTitle="Not found" />
      <Empty
        icon="search"
        title={`There is no ${what} at this address`}
        action={<ButtonLink href="/">Go to Home</ButtonLink>}
      >
        It may have been removed or renamed, or it is private and nobody has given you access. Its
        owner or an administrator can.
      </Empty>
    </>
  );
}

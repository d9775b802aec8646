import type { JSX } from 'preact';
import { useLocation } from 'preact-iso';
import { useEffect, useState } from 'preact/hooks';
import { useAction } from '../app/load.ts';
import { me, signIn } from '../app/session.ts';
import { Button } from '../components/button.tsx';
import { ProblemBox } from '../components/feedback.tsx';
import { Field } from '../components/field.tsx';
import { safeReturnPath } from '../lib/return-path.ts';

/** Name and password; then back to where one wanted to go. */
export function SignIn(): JSX.Element {
  const { query, route } = useLocation();
  const [name, setName] = useState('');
  const [password, setPassword] = useState('');
  const back = safeReturnPath(query['return'], location.origin);
  const enter = useAction(async () => {
    await signIn(name, password);
  });
  useEffect(() => {
    document.title = 'Sign in · Slipway';
  }, []);
  useEffect(() => {
    if (me.value) route(back, true);
  }, [me.value]);
  return (
    <main class="alone">
      <form
        class="sign-in stack"
        onSubmit={(event) => {
          event.preventDefault();
          enter.run();
        }}
      >
        <header class="row">
          <svg width="28" height="28" viewBox="0 0 32 32" class="brand-mark" aria-hidden="true">
            <path d="M3 22h26l-4 6H8z" fill="currentColor" />
            <path d="M15 3v15H6zM18 7v11h9z" fill="currentColor" />
          </svg>
          <h1>Sign in to Slipway</h1>
        </header>
        {query['return'] && back !== '/' && !enter.problem && (
          <p class="muted">Sign in to go on to the page that you asked for.</p>
        )}
        {enter.problem && <ProblemBox problem={enter.problem} />}
        <Field
          label="Name"
          value={name}
          onValue={setName}
          autoComplete="username"
          autoFocus
          required
        />
        <Field
          label="Password"
          type="password"
          value={password}
          onValue={setPassword}
          autoComplete="current-password"
          required
        />
        <Button type="submit" kind="primary" pending={enter.pending}>
          Sign in
        </Button>
        <p class="meta">
          The first administrator is called <code>admin</code>; the start of Slipway printed the
          password once in its terminal.
        </p>
      </form>
    </main>
  );
}

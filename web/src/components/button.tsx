import type { ComponentChildren, JSX } from 'preact';
import { Icon, type IconName } from './icon.tsx';

interface ButtonProps {
  children?: ComponentChildren;
  icon?: IconName;
  /** `primary` once a page at most; `danger` for what cannot be undone */
  kind?: 'primary' | 'plain' | 'quiet' | 'danger';
  type?: 'button' | 'submit';
  pending?: boolean;
  disabled?: boolean;
  title?: string;
  /** for a button that shows only an icon */
  label?: string;
  pressed?: boolean;
  /** for a button that opens something */
  expanded?: boolean;
  small?: boolean;
  onClick?: (event: MouseEvent) => void;
}

/** A button; while `pending` it keeps its place, shows a spinner and takes no second click. */
export function Button(props: ButtonProps): JSX.Element {
  const { kind = 'plain', pending = false } = props;
  const classes = [
    'button',
    kind,
    props.small ? 'small' : '',
    props.children === undefined ? 'icon-only' : '',
  ];
  return (
    <button
      type={props.type ?? 'button'}
      class={classes.filter(Boolean).join(' ')}
      disabled={props.disabled}
      aria-disabled={pending || undefined}
      aria-busy={pending || undefined}
      aria-label={props.label}
      aria-pressed={props.pressed}
      aria-expanded={props.expanded}
      title={props.title ?? props.label}
      onClick={(event) => {
        if (pending) event.preventDefault();
        else props.onClick?.(event);
      }}
    >
      {pending ? <Icon name="running" class="spin" /> : props.icon && <Icon name={props.icon} />}
      {props.children !== undefined && <span>{props.children}</span>}
    </button>
  );
}

interface ButtonLinkProps {
  href: string;
  children: ComponentChildren;
  icon?: IconName;
  kind?: 'primary' | 'plain' | 'quiet';
  download?: boolean;
}

/** A link that looks like a button: for going somewhere, not for doing something. */
export function ButtonLink({
  href,
  children,
  icon,
  kind = 'plain',
  download,
}: ButtonLinkProps): JSX.Element {
  return (
    <a class={`button ${kind}`} href={href} {...(download ? { download: '' } : {})}>
      {icon && <Icon name={icon} />}
      <span>{children}</span>
    </a>
  );
}

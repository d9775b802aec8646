import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import { Button } from './button.tsx';

/** Further actions behind one button. Escape and a click elsewhere close it; so does choosing. */
export function Menu({
  label,
  children,
}: {
  label: string;
  children: ComponentChildren;
}): JSX.Element {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open) return undefined;
    const close = (event: Event): void => {
      const outside = !(event.target instanceof Node && box.current?.contains(event.target));
      if (outside || (event instanceof KeyboardEvent && event.key === 'Escape')) setOpen(false);
    };
    addEventListener('pointerdown', close);
    addEventListener('keydown', close);
    return () => {
      removeEventListener('pointerdown', close);
      removeEventListener('keydown', close);
    };
  }, [open]);
  return (
    <div class="action-menu" ref={box}>
      <Button
        icon="more"
        label={label}
        expanded={open}
        onClick={() => {
          setOpen(!open);
        }}
      />
      {open && (
        <div
          class="menu"
          onClick={() => {
            setOpen(false);
          }}
        >
          {children}
        </div>
      )}
    </div>
  );
}

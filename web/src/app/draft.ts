import { useCallback, useState } from 'preact/hooks';
import { myName } from './session.ts';

/**
 * A text that outlives the page it is written on: a reload, a way back or a lost session does not lose it. Kept in
 * this tab until `clear`. An empty key keeps nothing.
 */
export function useDraft(
  key: string,
  initial = '',
): { text: string; set: (text: string) => void; clear: () => void } {
  const place = `slipway.draft.${myName.value}.${key}`;
  const [held, setHeld] = useState<{ place: string; text: string }>();
  const text = held?.place === place ? held.text : (sessionStorage.getItem(place) ?? initial);
  const set = useCallback(
    (value: string) => {
      setHeld({ place, text: value });
      try {
        if (value === initial) sessionStorage.removeItem(place);
        else sessionStorage.setItem(place, value);
      } catch {
        // storage is full or forbidden: the text is still on the page
      }
    },
    [place, initial],
  );
  const clear = useCallback(() => {
    sessionStorage.removeItem(place);
    setHeld({ place, text: initial });
  }, [place, initial]);
  return { text, set, clear };
}

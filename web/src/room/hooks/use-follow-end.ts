import { useCallback, useEffect, useRef, useState, type RefObject } from 'react';

/** Within this of its end a list counts as read to the end, CSS pixels. */
const NEAR_END_PX = 40;

interface FollowEnd {
  readonly ref: RefObject<HTMLDivElement | null>;
  readonly atEnd: boolean;
  readonly toEnd: () => void;
}

/** Keeps a growing list at its end, unless somebody scrolled back to read. */
export function useFollowEnd(length: number): FollowEnd {
  const ref = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const [atEnd, setAtEnd] = useState(true);
  const toEnd = useCallback(() => {
    const list = ref.current;
    if (list !== null) list.scrollTop = list.scrollHeight;
  }, []);
  useEffect(() => {
    const list = ref.current;
    if (list === null) return undefined;
    const onScroll = (): void => {
      following.current = list.scrollHeight - list.scrollTop - list.clientHeight < NEAR_END_PX;
      setAtEnd(following.current);
    };
    list.addEventListener('scroll', onScroll, { passive: true });
    return () => list.removeEventListener('scroll', onScroll);
  }, []);
  useEffect(() => {
    if (following.current) toEnd();
  }, [length, toEnd]);
  return { ref, atEnd, toEnd };
}

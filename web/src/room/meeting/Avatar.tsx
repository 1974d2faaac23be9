import type { ReactElement } from 'react';
import { hueOf, initialsOf } from '../lib/person.ts';

/** Stands for a person without a picture. */
export function Avatar({
  identity,
  name,
}: {
  readonly identity: string;
  readonly name: string;
}): ReactElement {
  return (
    <span className="avatar" data-hue={hueOf(identity)} aria-hidden="true">
      {initialsOf(name)}
    </span>
  );
}

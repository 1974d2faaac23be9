import type { ReactElement } from 'react';

export function Spinner(): ReactElement {
  return <span className="spinner" aria-hidden="true" />;
}

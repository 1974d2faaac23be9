import { TriangleAlert } from 'lucide-react';
import { Component, type ReactElement, type ReactNode } from 'react';
import { words } from '../words.ts';

interface Props {
  readonly children: ReactNode;
}

interface State {
  readonly kind: 'fine' | 'broken';
}

/** Draws what went wrong in place of a blank page: a fault of ours, or a part of the page that could not be loaded. */
export class Fault extends Component<Props, State> {
  static getDerivedStateFromError(): State {
    return { kind: 'broken' };
  }

  override readonly state: State = { kind: 'fine' };

  override render(): ReactNode {
    return this.state.kind === 'fine' ? this.props.children : <Broken />;
  }
}

function Broken(): ReactElement {
  return (
    <main className="message-page" data-state="broken" role="alert">
      <TriangleAlert className="message-icon" aria-hidden="true" />
      <h1>{words.broken.title}</h1>
      <p>{words.broken.text}</p>
      <div className="message-actions">
        <button
          type="button"
          className="button primary"
          data-control="reload"
          onClick={() => location.reload()}
        >
          {words.broken.reload}
        </button>
        <a className="button quiet" href="/">
          {words.left.home}
        </a>
      </div>
    </main>
  );
}

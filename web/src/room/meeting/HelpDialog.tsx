import type { ReactElement } from 'react';
import { useObservable } from '../hooks/use-observable.ts';
import { prefer, preferences } from '../lib/preferences.ts';
import { Sheet } from '../ui/Sheet.tsx';
import { words } from '../words.ts';

/** The keys, and the switch for those whom single keys disturb. */
export function HelpDialog({ onClose }: { readonly onClose: () => void }): ReactElement {
  const { shortcuts } = useObservable(preferences);
  return (
    <Sheet kind="dialog" id="help" title={words.help.title} onClose={onClose}>
      <div className="panel-body">
        <label className="check">
          <input
            type="checkbox"
            checked={shortcuts === 'on'}
            onChange={(event) => prefer({ shortcuts: event.target.checked ? 'on' : 'off' })}
          />
          {words.help.use}
        </label>
        <dl className="keys" data-use={shortcuts}>
          {words.help.keys.map(([key, meaning]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{meaning}</dd>
            </div>
          ))}
        </dl>
      </div>
    </Sheet>
  );
}

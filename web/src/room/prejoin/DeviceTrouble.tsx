import { TriangleAlert } from 'lucide-react';
import type { ReactElement } from 'react';
import { useObservable } from '../hooks/use-observable.ts';
import type { LocalDevice } from '../visit/local-device.ts';
import type { Visit } from '../visit/visit.ts';
import { words } from '../words.ts';

/** Why a device does not work and what helps; both at once when they fail alike. */
export function DeviceTrouble({ visit }: { readonly visit: Visit }): ReactElement | null {
  const camera = useObservable(visit.camera.state);
  const microphone = useObservable(visit.microphone.state);
  const troubles = [
    { device: visit.microphone, state: microphone },
    { device: visit.camera, state: camera },
  ].flatMap(({ device, state }) => (state.kind === 'refused' ? [{ device, problem: state.problem }] : []));
  if (troubles.length === 0) return null;
  const retry = (devices: readonly LocalDevice[]): void => {
    for (const device of devices) void visit.turnOn(device.kind);
  };
  return (
    <div className="callout" role="alert" data-cause={troubles[0]?.problem.cause}>
      {troubles.map(({ device, problem }) => (
        <div key={device.kind} data-device={device.kind}>
          <strong>
            <TriangleAlert aria-hidden="true" />
            {problem.title}
          </strong>
          <p>{problem.cure}</p>
        </div>
      ))}
      <button
        type="button"
        className="button quiet"
        data-control="retry"
        onClick={() => retry(troubles.map(({ device }) => device))}
      >
        {words.door.retry}
      </button>
    </div>
  );
}

import { TriangleAlert } from 'lucide-react';
import type { ReactElement } from 'react';
import type { DeviceProblem } from '../../client/index.ts';
import { useObservable } from '../hooks/use-observable.ts';
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
  const [first, second] = troubles;
  if (first === undefined) return null;
  const shared = second?.problem.cause === first.problem.cause ? bothWords(first.problem) : undefined;
  const told = shared === undefined ? troubles.map(({ problem }) => problem) : [shared];
  return (
    <div className="callout" role="alert" data-cause={first.problem.cause}>
      {told.map(({ title, cure }) => (
        <div key={title}>
          <strong>
            <TriangleAlert aria-hidden="true" />
            {title}
          </strong>
          <p>{cure}</p>
        </div>
      ))}
      <button
        type="button"
        className="button quiet"
        data-control="retry"
        onClick={() => {
          for (const { device } of troubles) void visit.own.turnOn(device.kind);
        }}
      >
        {words.door.retry}
      </button>
    </div>
  );
}

/** One message instead of two that differ by a word. */
function bothWords({ cause }: DeviceProblem): { title: string; cure: string } | undefined {
  const { both } = words.devices;
  return cause === 'blocked' || cause === 'missing' || cause === 'busy' ? both[cause] : undefined;
}

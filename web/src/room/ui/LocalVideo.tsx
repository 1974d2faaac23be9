import { useEffect, useRef, type ReactElement } from 'react';

interface Props {
  readonly track: MediaStreamTrack;
  readonly look: 'mirror' | 'plain';
  readonly label: string;
}

/** A track of this very page. */
export function LocalVideo({ track, look, label }: Props): ReactElement {
  const video = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const element = video.current;
    if (element === null) return undefined;
    element.srcObject = new MediaStream([track]);
    return () => {
      element.srcObject = null;
    };
  }, [track]);
  return (
    <video className="picture" data-look={look} ref={video} aria-label={label} muted autoPlay playsInline />
  );
}

import { box, line } from './brush.ts';

const WIDTH = 1280;
const HEIGHT = 720;
const FRAMES_PER_SECOND = 5;
const BARS = [0.42, 0.55, 0.48, 0.7, 0.64, 0.86];

/** A screen that is shared: a slide with a chart. */
export function slide(): MediaStreamTrack {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser has no 2D canvas');
  document.body.append(canvas);
  paint(context);
  // A picture that is not painted anew is not sent anew, and who comes late would see nothing.
  setInterval(() => paint(context), 1000 / FRAMES_PER_SECOND);
  const [track] = canvas.captureStream(FRAMES_PER_SECOND).getVideoTracks();
  if (track === undefined) throw new Error('a canvas that gives no track');
  return track;
}

function paint(context: CanvasRenderingContext2D): void {
  box(context, '#fbfaf7', 0, 0, WIDTH, HEIGHT, 0);
  box(context, '#1f3a5f', 0, 0, WIDTH, 18, 0);
  context.fillStyle = '#1f3a5f';
  context.font = '700 60px sans-serif';
  context.fillText('Posters sold, by week', 90, 140);
  BARS.forEach((share, index) => {
    const height = share * 360;
    const color = index === BARS.length - 1 ? '#d97742' : '#8fb0c9';
    box(context, color, 110 + index * 175, 600 - height, 120, height, 10);
    context.fillStyle = '#51606f';
    context.font = '30px sans-serif';
    context.fillText(`W${index + 1}`, 146 + index * 175, 648);
  });
  line(context, '#51606f', [
    [90, 602],
    [WIDTH - 90, 602],
  ]);
}

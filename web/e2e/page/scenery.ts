/** A publisher's picture for screenshots: a landscape by the hour, so that two publishers are told apart. */
export type Hour = 'dawn' | 'night';

const WIDTH = 1280;
const HEIGHT = 720;

const SKIES: Record<Hour, readonly [string, string, string]> = {
  dawn: ['#31477a', '#d9798a', '#f7c98b'],
  night: ['#070b1f', '#152a55', '#2f5d86'],
};
const HILLS: Record<Hour, readonly string[]> = {
  dawn: ['#8a5a78', '#5c4468', '#33304f'],
  night: ['#1a3557', '#11243f', '#091526'],
};

export function scenery(hour: Hour): MediaStream {
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext('2d');
  if (context === null) throw new Error('this browser has no 2D canvas');
  let frame = 0;
  const draw = (): void => {
    paint(context, hour, frame);
    frame += 1;
  };
  draw();
  setInterval(draw, 1000 / 24);
  return canvas.captureStream(24);
}

function paint(context: CanvasRenderingContext2D, hour: Hour, frame: number): void {
  const sky = context.createLinearGradient(0, 0, 0, HEIGHT * 0.75);
  SKIES[hour].forEach((color, i) => sky.addColorStop(i / 2, color));
  context.fillStyle = sky;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  context.fillStyle = hour === 'dawn' ? '#ffe9c4' : '#e8eefc';
  context.beginPath();
  context.arc(hour === 'dawn' ? 860 : 330, hour === 'dawn' ? 380 : 170, hour === 'dawn' ? 74 : 46, 0, 7);
  context.fill();
  HILLS[hour].forEach((color, layer) => {
    context.fillStyle = color;
    context.beginPath();
    context.moveTo(0, HEIGHT);
    for (let x = 0; x <= WIDTH; x += 8) {
      const phase = x / (170 - layer * 32) + layer * 2.1 + (frame / 90) * (layer + 1) * 0.25;
      const height = 250 - layer * 70 + Math.sin(phase) * 46 + Math.sin(phase * 2.3) * 20;
      context.lineTo(x, HEIGHT - Math.max(20, height));
    }
    context.lineTo(WIDTH, HEIGHT);
    context.fill();
  });
}

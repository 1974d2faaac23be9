import { box, disc } from './brush.ts';

/** Of a portrait, pixels. */
export const WIDTH = 640;
export const HEIGHT = 360;

/** What stands behind a drawn person. */
export type Backdrop = 'window' | 'shelf' | 'plant' | 'lamp';

export function paintWall(context: CanvasRenderingContext2D, wall: string): void {
  context.fillStyle = wall;
  context.fillRect(0, 0, WIDTH, HEIGHT);
  const light = context.createRadialGradient(WIDTH * 0.3, 0, 20, WIDTH * 0.4, HEIGHT * 0.3, WIDTH * 0.8);
  light.addColorStop(0, 'rgb(255 255 255 / 0.35)');
  light.addColorStop(1, 'rgb(20 20 40 / 0.28)');
  context.fillStyle = light;
  context.fillRect(0, 0, WIDTH, HEIGHT);
}

export function paintRoom(context: CanvasRenderingContext2D, room: Backdrop): void {
  switch (room) {
    case 'window': {
      box(context, '#f4efe6', 40, 30, 170, 200, 6);
      const sky = context.createLinearGradient(0, 40, 0, 220);
      sky.addColorStop(0, '#8fbfe0');
      sky.addColorStop(1, '#f5d9b8');
      context.fillStyle = sky;
      for (const x of [50, 129]) context.fillRect(x, 40, 71, 180);
      disc(context, 'rgb(120 150 110 / 0.8)', 85, 250, 60, 60, [50, 40, 71, 180]);
      disc(context, 'rgb(100 135 100 / 0.8)', 170, 245, 55, 50, [129, 40, 71, 180]);
      break;
    }
    case 'shelf': {
      for (const [row, y] of [70, 150, 230].entries()) {
        box(context, '#6d5140', 420, y, 200, 8, 2);
        for (let i = 0; i < 9; i += 1) {
          const tall = 38 + ((i * 13 + row * 7) % 20);
          const colors = ['#b5543c', '#3b6070', '#d9b45b', '#6d7f5a', '#7a5470', '#e3d8c5'];
          box(context, colors[(i + row * 2) % colors.length] ?? '', 428 + i * 20, y - tall, 15, tall, 2);
        }
      }
      break;
    }
    case 'plant': {
      box(context, '#a65f45', 505, 250, 70, 80, 8);
      for (let i = -3; i <= 3; i += 1) {
        context.save();
        context.translate(540, 255);
        context.rotate(i * 0.36);
        disc(context, i % 2 === 0 ? '#4d7a55' : '#3c6547', 0, -75, 17, 78);
        context.restore();
      }
      break;
    }
    case 'lamp': {
      const glow = context.createRadialGradient(110, 120, 10, 110, 120, 190);
      glow.addColorStop(0, 'rgb(255 226 160 / 0.75)');
      glow.addColorStop(1, 'rgb(255 226 160 / 0)');
      context.fillStyle = glow;
      context.fillRect(0, 0, 320, HEIGHT);
      box(context, '#4a4038', 106, 150, 8, 210, 3);
      context.fillStyle = '#f6e3b4';
      context.beginPath();
      context.moveTo(80, 90);
      context.lineTo(140, 90);
      context.lineTo(165, 155);
      context.lineTo(55, 155);
      context.fill();
      break;
    }
  }
}

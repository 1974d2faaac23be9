import { box, disc, line, shade } from './brush.ts';
import { HEIGHT, paintRoom, paintWall, WIDTH, type Backdrop } from './backdrop.ts';

const FRAMES_PER_SECOND = 10;

type Hair = 'short' | 'long' | 'bun' | 'curls' | 'none' | 'scarf';

interface Look {
  readonly wall: string;
  readonly room: Backdrop;
  readonly skin: string;
  readonly hair: Hair;
  readonly hairColor: string;
  readonly shirt: string;
  readonly beard?: boolean;
  readonly glasses?: boolean;
}

const LOOKS: readonly Look[] = [
  { wall: '#d9c7b0', room: 'window', skin: '#8d5a3b', hair: 'curls', hairColor: '#2b1b14', shirt: '#d97742' },
  {
    wall: '#9db4ab',
    room: 'shelf',
    skin: '#f0c6a4',
    hair: 'short',
    hairColor: '#5b3a21',
    shirt: '#2f4858',
    beard: true,
  },
  { wall: '#c9b6cf', room: 'plant', skin: '#e3ac82', hair: 'long', hairColor: '#3a2018', shirt: '#6a4c93' },
  {
    wall: '#7f95a8',
    room: 'lamp',
    skin: '#5c3a26',
    hair: 'none',
    hairColor: '#1d120c',
    shirt: '#e0b84c',
    beard: true,
  },
  {
    wall: '#e3d3bd',
    room: 'plant',
    skin: '#f3d1b5',
    hair: 'bun',
    hairColor: '#b5603a',
    shirt: '#3f7d6e',
    glasses: true,
  },
  {
    wall: '#a8b89a',
    room: 'window',
    skin: '#c98e63',
    hair: 'short',
    hairColor: '#1c1a1f',
    shirt: '#b23a48',
    glasses: true,
  },
  { wall: '#b9c8d6', room: 'shelf', skin: '#e7b791', hair: 'scarf', hairColor: '#3d6b8a', shirt: '#34506b' },
  { wall: '#d7bfb4', room: 'lamp', skin: '#f2cdb0', hair: 'long', hairColor: '#d8b066', shirt: '#54768f' },
  { wall: '#8fa3a0', room: 'plant', skin: '#7a4a2e', hair: 'bun', hairColor: '#20130d', shirt: '#e4e0d8' },
  {
    wall: '#cfd0c2',
    room: 'shelf',
    skin: '#edc19c',
    hair: 'short',
    hairColor: '#9a9a98',
    shirt: '#465a3f',
    glasses: true,
  },
  { wall: '#b7a99a', room: 'window', skin: '#d9a273', hair: 'long', hairColor: '#15131a', shirt: '#c2506b' },
  { wall: '#a6adc4', room: 'lamp', skin: '#f0c8a8', hair: 'curls', hairColor: '#7b3f22', shirt: '#26547c' },
  {
    wall: '#d4cbb0',
    room: 'shelf',
    skin: '#6b4229',
    hair: 'short',
    hairColor: '#17100c',
    shirt: '#3a7ca5',
    beard: true,
  },
  { wall: '#98b0bd', room: 'plant', skin: '#f4d5bd', hair: 'none', hairColor: '#77583e', shirt: '#7d5a50' },
  { wall: '#c4b39b', room: 'window', skin: '#b97d52', hair: 'scarf', hairColor: '#a34a5e', shirt: '#5b4b6e' },
  { wall: '#aebfae', room: 'lamp', skin: '#eabf9a', hair: 'bun', hairColor: '#4a3326', shirt: '#d0654f' },
];

/** A camera's track with the drawn person of this number, of sixteen who are told apart at a glance; they breathe and blink. */
export function portrait(number: number): MediaStreamTrack {
  const look = LOOKS[number % LOOKS.length];
  const canvas = document.createElement('canvas');
  canvas.width = WIDTH;
  canvas.height = HEIGHT;
  const context = canvas.getContext('2d');
  const [track] = canvas.captureStream(FRAMES_PER_SECOND).getVideoTracks();
  if (look === undefined || context === null || track === undefined)
    throw new Error('this browser has no 2D canvas');
  let frame = number * 7;
  const draw = (): void => {
    paint(context, look, frame);
    frame += 1;
  };
  draw();
  setInterval(draw, 1000 / FRAMES_PER_SECOND);
  return track;
}

function paint(context: CanvasRenderingContext2D, look: Look, frame: number): void {
  paintWall(context, look.wall);
  paintRoom(context, look.room);
  const sway = Math.sin(frame / 14) * 3;
  const breath = Math.sin(frame / 9) * 1.5;
  context.save();
  context.translate(WIDTH / 2 + sway, HEIGHT * 0.47 + breath);
  paintBack(context, look);
  paintBody(context, look);
  paintFace(context, look, frame % 40 < 2);
  paintFront(context, look);
  context.restore();
}

/** Hair behind head and shoulders. The origin is the middle of the face. */
function paintBack(context: CanvasRenderingContext2D, { hair, hairColor }: Look): void {
  if (hair === 'long') box(context, hairColor, -78, -80, 156, 220, 70);
  if (hair === 'bun') disc(context, hairColor, 0, -112, 34, 30);
  if (hair === 'scarf') disc(context, hairColor, 0, 8, 84, 112);
  if (hair === 'curls') {
    for (let i = 0; i < 14; i += 1) {
      const angle = Math.PI * (0.9 + (i / 13) * 1.2);
      disc(context, hairColor, Math.cos(angle) * 66, Math.sin(angle) * 74 - 14, 32, 32);
    }
  }
}

function paintBody(context: CanvasRenderingContext2D, { shirt, skin, hair, hairColor }: Look): void {
  box(context, shirt, -150, 112, 300, 220, 90);
  box(context, shade(skin), -27, 60, 54, 76, 20);
  disc(context, hair === 'scarf' ? hairColor : shade(skin), 0, 118, hair === 'scarf' ? 74 : 38, 26);
}

function paintFace(context: CanvasRenderingContext2D, look: Look, blinking: boolean): void {
  if (look.hair !== 'scarf') {
    disc(context, shade(look.skin), -65, 6, 13, 19);
    disc(context, shade(look.skin), 65, 6, 13, 19);
  }
  disc(context, look.skin, 0, 0, 65, 84);
  if (look.beard === true) {
    disc(context, look.hairColor, 0, 46, 56, 42, [-70, 22, 140, 90]);
    disc(context, look.skin, 0, 22, 44, 26);
  }
  for (const side of [-1, 1]) {
    disc(context, '#fdfaf5', side * 25, -6, 10, blinking ? 1 : 7);
    if (!blinking) disc(context, '#2c2320', side * 25, -6, 5, 5.5);
    box(
      context,
      look.hair === 'none' || look.hair === 'scarf' ? '#3a2a20' : look.hairColor,
      side * 25 - 14,
      -26,
      28,
      5,
      3,
    );
  }
  line(context, shade(look.skin), [
    [0, 0],
    [-5, 20],
    [5, 22],
  ]);
  line(context, '#8c3f3a', [
    [-18, 40],
    [-8, 47],
    [8, 47],
    [18, 40],
  ]);
  if (look.glasses === true) {
    context.strokeStyle = '#2b2b33';
    context.lineWidth = 4;
    for (const side of [-1, 1]) {
      context.beginPath();
      context.ellipse(side * 26, -5, 20, 17, 0, 0, 7);
      context.stroke();
    }
    line(context, '#2b2b33', [
      [-7, -7],
      [7, -7],
    ]);
  }
}

/** Hair over the forehead. */
function paintFront(context: CanvasRenderingContext2D, { hair, hairColor }: Look): void {
  if (hair === 'none') return;
  if (hair === 'scarf') {
    context.lineWidth = 20;
    context.strokeStyle = hairColor;
    context.beginPath();
    context.ellipse(0, 2, 66, 86, 0, 0, 7);
    context.stroke();
    return;
  }
  disc(context, hairColor, 0, -48, 68, 46, [-80, -110, 160, 70]);
  if (hair === 'long') {
    box(context, hairColor, -74, -50, 20, 130, 12);
    box(context, hairColor, 54, -50, 20, 130, 12);
  }
}

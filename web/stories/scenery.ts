/** Pictures a second: enough to see that they move. */
const RATE = 5;

/** A person at a desk, painted; the number tells people apart. */
export function paintedFace(seed: number, width = 640, height = 360): MediaStream {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  if (context === null) return new MediaStream();
  const unit = Math.min(width, height);
  const hue = (seed * 67) % 360;
  let tick = 0;
  const paint = (): void => {
    tick += 1;
    const wall = context.createLinearGradient(0, 0, width, height);
    wall.addColorStop(0, `hsl(${hue} 35% 72%)`);
    wall.addColorStop(1, `hsl(${(hue + 40) % 360} 30% 48%)`);
    context.fillStyle = wall;
    context.fillRect(0, 0, width, height);
    const x = width / 2 + Math.sin(tick / 6 + seed) * unit * 0.02;
    context.fillStyle = `hsl(${(hue + 180) % 360} 45% 38%)`;
    context.beginPath();
    context.ellipse(x, height * 1.05, unit * 0.42, unit * 0.4, 0, 0, Math.PI * 2);
    context.fill();
    context.fillStyle = `hsl(${20 + (seed % 3) * 6} ${40 + (seed % 4) * 6}% ${45 + ((seed * 13) % 35)}%)`;
    context.beginPath();
    context.ellipse(x, height * 0.46, unit * 0.16, unit * 0.2, 0, 0, Math.PI * 2);
    context.fill();
    context.fillStyle = `hsl(${(seed * 29) % 50} 40% ${15 + ((seed * 7) % 30)}%)`;
    context.beginPath();
    context.ellipse(x, height * 0.34, unit * 0.17, unit * 0.11, 0, Math.PI, Math.PI * 2);
    context.fill();
  };
  paint();
  setInterval(paint, 1000 / RATE);
  return canvas.captureStream(RATE);
}

/** A page of text, as on a shared screen. */
export function paintedScreen(): MediaStream {
  const canvas = document.createElement('canvas');
  canvas.width = 1280;
  canvas.height = 720;
  const context = canvas.getContext('2d');
  if (context === null) return new MediaStream();
  const paint = (): void => {
    context.fillStyle = '#ffffff';
    context.fillRect(0, 0, 1280, 720);
    context.fillStyle = '#1c2430';
    context.font = '700 44px sans-serif';
    context.fillText('What we do this spring', 80, 110);
    context.font = '30px sans-serif';
    ['Plant the beans before the tomatoes', 'Mend the fence by the brook', 'Paint the shed, at last'].forEach(
      (line, index) => context.fillText(`${index + 1}.  ${line}`, 80, 200 + index * 64),
    );
    context.fillStyle = '#3b6cf6';
    [120, 210, 160, 280, 330].forEach((bar, index) => context.fillRect(760 + index * 84, 640 - bar, 56, bar));
  };
  paint();
  setInterval(paint, 1000);
  return canvas.captureStream(1);
}

/** A microphone that hums. */
export function hum(): MediaStreamTrack | undefined {
  const context = new AudioContext();
  const tone = new OscillatorNode(context, { frequency: 220 });
  const quiet = new GainNode(context, { gain: 0.1 });
  const out = context.createMediaStreamDestination();
  tone.connect(quiet).connect(out);
  tone.start();
  return out.stream.getAudioTracks()[0];
}

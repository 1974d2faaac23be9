export function box(
  context: CanvasRenderingContext2D,
  color: string,
  x: number,
  y: number,
  width: number,
  height: number,
  radius: number,
): void {
  context.fillStyle = color;
  context.beginPath();
  context.roundRect(x, y, width, height, radius);
  context.fill();
}

/** An ellipse, or what of it lies in `within`. */
export function disc(
  context: CanvasRenderingContext2D,
  color: string,
  x: number,
  y: number,
  radiusX: number,
  radiusY: number,
  within?: readonly [number, number, number, number],
): void {
  context.save();
  if (within !== undefined) {
    context.beginPath();
    context.rect(...within);
    context.clip();
  }
  context.fillStyle = color;
  context.beginPath();
  context.ellipse(x, y, radiusX, radiusY, 0, 0, 7);
  context.fill();
  context.restore();
}

export function line(
  context: CanvasRenderingContext2D,
  color: string,
  points: readonly (readonly [number, number])[],
): void {
  context.strokeStyle = color;
  context.lineWidth = 4;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  context.beginPath();
  for (const [x, y] of points) context.lineTo(x, y);
  context.stroke();
}

export function shade(color: string): string {
  return `color-mix(in srgb, ${color} 84%, black)`;
}

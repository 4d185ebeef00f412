/**
 * A sine tone.
 * @param frequency in Hz @param seconds how long
 * @param options `level` in dBFS (0: its peaks touch full scale), default -12; `sampleRate` default 8,000 Hz
 */
export function sine(frequency: number, seconds: number, options: { level?: number; sampleRate?: number } = {}): Int16Array {
  const { level = -12, sampleRate = 8000 } = options;
  const amplitude = 32767 * 10 ** (level / 20);
  const step = (2 * Math.PI * frequency) / sampleRate;
  return new Int16Array(Math.round(seconds * sampleRate)).map((_, i) => Math.round(amplitude * Math.sin(step * i)));
}

/** Silence. @param seconds how long */
export function silence(seconds: number, sampleRate = 8000): Int16Array {
  return new Int16Array(Math.round(seconds * sampleRate));
}

// The bytes of a signal, as service/signals.py writes them.

const MISSING = -32768;

// -> { rate (Hz), samples, leads, channels: lead -> Float32Array of mV, NaN where there is no value }
export function decodeSignal(buffer) {
  const bytes = new DataView(buffer);
  if (buffer.byteLength < 8 || bytes.getUint32(0) !== 0x31324c31) throw new Error("no signal");
  const start = 8 + bytes.getUint32(4, true);
  const head = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, start - 8)));
  const counts = new Int16Array(buffer, start, head.samples * head.leads.length);
  const step = head.microvolts_per_step / 1000;
  const channels = new Map();
  head.leads.forEach((lead, column) => {
    const values = new Float32Array(head.samples);
    for (let sample = 0, at = column; sample < head.samples; sample += 1, at += head.leads.length) {
      values[sample] = counts[at] === MISSING ? NaN : counts[at] * step;
    }
    if (!channels.has(lead)) channels.set(lead, values);
  });
  return { rate: head.sampling_rate_hz, samples: head.samples, leads: head.leads, channels };
}

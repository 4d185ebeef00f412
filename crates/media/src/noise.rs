//! Comfort noise (RFC 3389): what a far end that has stopped sending says of the noise around it, and noise like that.

/// Reflection coefficients made use of: more say nothing that an ear would miss.
const ORDER: usize = 10;
/// One decibel less.
const DECIBEL: f64 = 0.891_250_938_133_745_6;
/// The root mean square of evenly distributed numbers up to 1 is this part of 1: sqrt(1/3).
const EVEN: f64 = 0.577_350_269_189_625_8;

/// Noise of a level and a spectrum.
///
/// In memory, first what each frame asks.
#[derive(Debug)]
#[repr(C)]
pub struct ComfortNoise {
    /// Whether a description holds: speech ends it.
    pub described: bool,
    gain: f64,
    order: usize,
    coefficients: [f64; ORDER],
    /// The lattice filter's memory.
    memory: [f64; ORDER],
    random: u32,
}

impl ComfortNoise {
    /// Nothing described yet.
    #[allow(clippy::new_without_default, reason = "the twin has no Default; one way to make a thing")]
    pub fn new() -> Self {
        Self { described: false, gain: 0.0, order: 0, coefficients: [0.0; ORDER], memory: [0.0; ORDER], random: 0x2545_f491 }
    }

    /// Takes a payload (RFC 3389 §3): the level in −dBov, then reflection coefficients.
    pub fn describe(&mut self, payload: &[u8]) {
        let Some((&level, coefficients)) = payload.split_first() else { return };
        if !self.described {
            self.memory = [0.0; ORDER];
        }
        self.described = true;
        self.order = coefficients.len().min(ORDER);
        // 0 dBov is the loudest square wave.
        let mut amplitude = 32_767.0 / EVEN;
        for _ in 0..level & 0x7f {
            amplitude *= DECIBEL;
        }
        // A filter makes its input louder; the level is that of its output.
        let mut power = 1.0;
        for (coefficient, &quantised) in self.coefficients.iter_mut().zip(coefficients) {
            // 255 is reserved; it would be unstable.
            let value = 258.0 * (f64::from(quantised.min(254)) - 127.0) / 32_768.0;
            *coefficient = value;
            power *= 1.0 - value * value;
        }
        self.gain = amplitude * power.sqrt();
    }

    /// Makes noise.
    pub fn fill(&mut self, samples: &mut [i16]) {
        for sample in samples {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 17;
            self.random ^= self.random << 5;
            let mut value = (f64::from(self.random >> 8) - 8_388_608.0) / 8_388_608.0 * self.gain;
            // The all-pole lattice; a coefficient of Rabiner and Schafer's sign makes neighbours alike when it is positive.
            for index in (0..self.order).rev() {
                let before = self.memory[index];
                value += self.coefficients[index] * before;
                if index + 1 < self.order {
                    self.memory[index + 1] = before - self.coefficients[index] * value;
                }
            }
            if self.order > 0 {
                self.memory[0] = value;
            }
            *sample = value.clamp(-32_768.0, 32_767.0) as i16;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Level in dBov, and how alike neighbours are.
    fn measure(payload: &[u8]) -> (f64, f64) {
        let mut noise = ComfortNoise::new();
        noise.describe(payload);
        let mut samples = [0; 16_000];
        noise.fill(&mut samples);
        let energy: f64 = samples.iter().map(|&sample| f64::from(sample) * f64::from(sample)).sum();
        let alike: f64 = samples.windows(2).map(|pair| f64::from(pair[0]) * f64::from(pair[1])).sum();
        (10.0 * (energy / 16_000.0 / 32_767.0 / 32_767.0).log10(), alike / energy)
    }

    #[test]
    fn has_the_level_and_the_spectrum_described() {
        for level in [20, 40, 60] {
            let (white, _) = measure(&[level]);
            assert!((white + f64::from(level)).abs() < 0.5, "{white} dBov");
            let (dull, alike) = measure(&[level, 220]);
            assert!((dull + f64::from(level)).abs() < 0.7, "{dull} dBov");
            assert!((alike - 258.0 * 93.0 / 32_768.0).abs() < 0.05, "{alike}");
        }
        let (sharp, alike) = measure(&[30, 30, 180, 100, 127, 140]);
        assert!((sharp + 30.0).abs() < 1.0 && alike < -0.5, "{sharp} dBov, {alike}");
    }

    #[test]
    fn survives_any_payload() {
        let mut noise = ComfortNoise::new();
        noise.describe(&[]);
        assert!(!noise.described);
        for byte in [0, 127, 254, 255] {
            noise.describe(&[byte; 40]);
            noise.fill(&mut [0; 8_000]);
        }
    }
}

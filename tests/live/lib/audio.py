"""Known sound: made here, compared by the audio_compare tool with what a phone heard."""

from __future__ import annotations

import json
import math
import os
import random
import struct
import subprocess
import wave
from dataclasses import dataclass
from pathlib import Path

RATE_HZ = 8000


def write_known_sound(path: Path, seed: int, seconds: float) -> None:
    """
    Noise of a telephone's bandwidth, swelling like speech, no two stretches alike: it matches itself at one place
    only, and never the sound of another seed.
    """
    draw = random.Random(seed)
    samples = []
    low = high = 0.0
    for i in range(int(seconds * RATE_HZ)):
        low += 0.55 * (draw.uniform(-1, 1) - low)
        high += 0.10 * (low - high)
        swell = 0.65 + 0.35 * math.sin(2 * math.pi * 3.1 * i / RATE_HZ)
        samples.append(int(20000 * swell * (low - high)))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(struct.pack(f"<{len(samples)}h", *samples))


@dataclass
class Comparison:
    heard_ms: int       # sound (not silence) in the recording
    matched_ms: int     # of it, what is the original
    jumps: int          # places where the recording goes on elsewhere in the original
    snr_db: float       # over the matched part

    @property
    def share(self) -> float:
        return self.matched_ms / self.heard_ms if self.heard_ms else 0.0

    def __str__(self) -> str:
        return f"{self.matched_ms} of {self.heard_ms} ms match, {self.jumps} jumps, SNR {self.snr_db:.1f} dB"


def compare(original: Path, heard: Path, least: float = 0.98) -> Comparison:
    """least: the correlation that makes a match; a codec that keeps no waveform needs less."""
    tool = Path(os.environ["OPENGATE_BUILD"]) / "tests" / "live" / "audio_compare"
    told = subprocess.run([str(tool), str(original), str(heard), str(least)], check=True, stdout=subprocess.PIPE, text=True)
    return Comparison(**json.loads(told.stdout))


def mono_8k(path: Path) -> Path:
    """A recording of another rate or of two channels, as the known sounds are."""
    with wave.open(str(path)) as f:
        channels, rate, frames = f.getnchannels(), f.getframerate(), f.readframes(f.getnframes())
    samples = struct.unpack(f"<{len(frames) // 2}h", frames)[::channels]
    step = rate // RATE_HZ
    made = path.with_suffix(".8k.wav")
    with wave.open(str(made), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        for at in range(0, len(samples) - step + 1, step):
            out.writeframesraw(struct.pack("<h", sum(samples[at : at + step]) // step))
    return made

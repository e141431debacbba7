"""Tones in a recording, as a telephone exchange would measure them: which frequency, how long on, how long off."""

from __future__ import annotations

import math
import struct
import wave
from dataclasses import dataclass
from pathlib import Path

BLOCK_MS = 20
SILENT = 100.0


@dataclass
class Stretch:
    """So long on (its frequency) or off (0)."""

    ms: int
    hz: int = 0

    def __str__(self) -> str:
        return f"{self.ms} ms {f'{self.hz} Hz' if self.hz else 'off'}"


def amplitude(block: tuple[int, ...], hz: float, rate_hz: int) -> float:
    """Goertzel's algorithm."""
    c = 2 * math.cos(2 * math.pi * hz / rate_hz)
    a = b = 0.0
    for sample in block:
        a, b = sample + c * a - b, a
    return 2 * math.sqrt(max(a * a + b * b - c * a * b, 0)) / len(block)


def loudness(block: tuple[int, ...]) -> float:
    return math.sqrt(2 * sum(s * s for s in block) / len(block))


def frequency(block: tuple[int, ...], rate_hz: int, candidates: tuple[int, ...]) -> int:
    """The one that makes up nearly all of the block; 0: silence; -1: something else."""
    all_of_it = loudness(block)
    if all_of_it < SILENT:
        return 0
    best = max(candidates, key=lambda hz: amplitude(block, hz, rate_hz))
    return best if amplitude(block, best, rate_hz) > 0.9 * all_of_it else -1


def stretches(path: Path, candidates: tuple[int, ...] = (350, 400, 425, 450, 480, 620, 1000)) -> list[Stretch]:
    with wave.open(str(path)) as f:
        rate_hz, frames = f.getframerate(), f.readframes(f.getnframes())
        samples = struct.unpack(f"<{len(frames) // 2}h", frames)[:: f.getnchannels()]
    n = rate_hz * BLOCK_MS // 1000
    found: list[Stretch] = []
    for at in range(0, len(samples) - n + 1, n):
        hz = frequency(samples[at : at + n], rate_hz, candidates)
        if found and found[-1].hz == hz:
            found[-1].ms += BLOCK_MS
        else:
            found.append(Stretch(BLOCK_MS, hz))
    # A block that holds an edge is neither on nor off; it belongs to what lies beside it.
    clean = [s for s in found if s.hz >= 0 or s.ms > BLOCK_MS]
    merged: list[Stretch] = []
    for s in clean:
        if merged and merged[-1].hz == s.hz:
            merged[-1].ms += s.ms
        else:
            merged.append(s)
    return merged

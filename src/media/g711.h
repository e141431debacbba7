/*
 * g711: one sample at a time between linear PCM (16 bits) and the two laws of ITU-T G.711, bytes as
 * they stand in RTP (RFC 3551 §4.5.14: A-law with its even bits inverted).
 */
#pragma once

#include <stdint.h>

#define G711_ULAW_SILENCE 0xff
#define G711_ALAW_SILENCE 0xd5

uint8_t g711_to_ulaw(int16_t sample);
uint8_t g711_to_alaw(int16_t sample);
int16_t g711_from_ulaw(uint8_t byte);
int16_t g711_from_alaw(uint8_t byte);

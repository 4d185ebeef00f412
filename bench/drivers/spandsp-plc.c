/* spandsp's packet loss concealment for comparison: bench/concealment.mjs builds and runs it where libspandsp-dev is installed.
 *
 *   spandsp-plc <speech.raw> <mask> > out.raw
 *
 * Speech is 16-bit linear PCM in the machine's byte order, frames of 160 samples; the mask has a character for each frame, 1: lost.
 * Nanoseconds per lost frame go to standard error. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <spandsp.h>

#define FRAME 160

int main(int count, char **arguments)
{
    if (count != 3)
        return 2;
    FILE *speech = fopen(arguments[1], "rb");
    FILE *mask = fopen(arguments[2], "rb");
    plc_state_t *state = plc_init(NULL);
    if (speech == NULL || mask == NULL || state == NULL)
        return 1;
    int16_t frame[FRAME];
    double lost = 0;
    double nanoseconds = 0;
    while (fread(frame, sizeof frame[0], FRAME, speech) == FRAME) {
        if (fgetc(mask) == '1') {
            struct timespec before, after;
            memset(frame, 0, sizeof frame);
            clock_gettime(CLOCK_MONOTONIC, &before);
            plc_fillin(state, frame, FRAME);
            clock_gettime(CLOCK_MONOTONIC, &after);
            nanoseconds += (after.tv_sec - before.tv_sec) * 1e9 + (after.tv_nsec - before.tv_nsec);
            lost += 1;
        } else {
            plc_rx(state, frame, FRAME);
        }
        if (fwrite(frame, sizeof frame[0], FRAME, stdout) != FRAME)
            return 1;
    }
    fprintf(stderr, "%.0f\n", lost > 0 ? nanoseconds / lost : 0);
    return 0;
}

/* Runs the mining.submit scanner without Python, where a sanitizer can watch it.
 *
 * Standard input: lines to scan, each as hex in a line of its own. Standard output: "-" for a line
 * that is not recognised, or its seven parts, with tabs between, bytes and numbers in hex, and "-"
 * for version bits that are left out. Every line lies in memory of just its size, so that a step
 * too far is seen. */
#include "../../../../stratumproxy/protocol/v1/submit_scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int digit(int c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

static void print(const struct piece *piece)
{
    fwrite(piece->at, 1, piece->length, stdout);
    fputs("\t", stdout);
}

int main(void)
{
    static char hex[1 << 14];
    while (fgets(hex, sizeof hex, stdin) != NULL) {
        size_t length = strcspn(hex, "\n") / 2;
        char *line = malloc(length);
        struct submit submit;
        for (size_t i = 0; i < length; i++)
            line[i] = (char)(digit(hex[2 * i]) << 4 | digit(hex[2 * i + 1]));
        if (submit_scan(line, length, &submit)) {
            print(&submit.id);
            print(&submit.worker);
            print(&submit.job_id);
            for (size_t i = 0; i < submit.extranonce2_size; i++)
                printf("%02x", submit.extranonce2[i]);
            printf("\t%x\t%x\t", submit.ntime, submit.nonce);
            printf(submit.has_bits ? "%x" : "-", submit.has_bits ? submit.bits : 0);
        } else {
            fputs("-", stdout);
        }
        fputs("\n", stdout);
        free(line);
    }
    return 0;
}

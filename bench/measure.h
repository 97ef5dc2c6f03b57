/* The generator's books: rows of numbers, samples of times, the subject's CPU time. */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include "wire.h"

/* A row of numbers that should go up by one. */
struct row {
    uint64_t next, right, lost, doubled, reordered, altered, silent;
};

/* Enters the `number` that came in a stream's `row`; the `total` is of all streams. */
static void take(struct row *row, struct row *total, uint64_t number, int counted)
{
    if (number == row->next || !row->right) {
        row->next = number + 1;
        row->right = 1;
        total->right += (uint64_t)counted;
    } else if (number > row->next) {
        total->lost += number - row->next;
        row->next = number + 1;
    } else if (number == row->next - 1) {
        total->doubled++;
    } else {
        total->reordered++;
        total->lost--;
    }
}

struct samples {
    uint32_t *values;
    size_t size, room;
};

static void sample(struct samples *samples, uint64_t ns)
{
    if (samples->size == samples->room) {
        samples->room = samples->room ? samples->room * 2 : 65536;
        samples->values = realloc(samples->values, samples->room * sizeof *samples->values);
    }
    samples->values[samples->size++] = (uint32_t)(ns / 1000);
}

/* What the kernel says of the subject. */
struct usage {
    uint64_t cpu, own_cpu;
    long user, system, wakeups;
};

static struct usage usage(long pid)
{
    struct usage usage = {0};
    char path[64], line[1024];
    usage.cpu = clock_ns((clockid_t)(~(unsigned)pid << 3 | 2)); /* CPU clock of another process */
    usage.own_cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
    snprintf(path, sizeof path, "/proc/%ld/stat", pid);
    FILE *file = fopen(path, "r");
    if (!file || !fgets(line, sizeof line, file))
        die("%s", path);
    sscanf(strrchr(line, ')') + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %ld %ld",
           &usage.user, &usage.system);
    fclose(file);
    snprintf(path, sizeof path, "/proc/%ld/status", pid);
    file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file))
        sscanf(line, "voluntary_ctxt_switches: %ld", &usage.wakeups);
    if (file)
        fclose(file);
    return usage;
}

static int ascending(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

static void print_samples(const char *name, struct samples *samples)
{
    size_t size = samples->size;
    qsort(samples->values, size, sizeof *samples->values, ascending);
    printf(",\"%s\":{\"p50\":%u,\"p99\":%u,\"max\":%u}", name,
           size ? samples->values[size / 2] : 0, size ? samples->values[size * 99 / 100] : 0,
           size ? samples->values[size - 1] : 0);
    samples->size = 0;
}

static void print_row(const char *name, struct row row)
{
    printf(",\"%s\":{\"right\":%lu,\"lost\":%lu,\"doubled\":%lu,\"reordered\":%lu,\"altered\":%lu,"
           "\"silent\":%lu}", name, row.right, row.lost, row.doubled, row.reordered, row.altered,
           row.silent);
}

#endif

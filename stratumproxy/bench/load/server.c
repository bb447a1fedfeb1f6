/* CPU time and memory of the server under test: the processes given by --pid and their children. */
#define _GNU_SOURCE
#include "load.h"

#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MOST = 64 };

static double seconds_of(clockid_t clock)
{
    struct timespec t;
    return clock_gettime(clock, &t) ? 0 : (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* The process's clock of CPU time: utime + stime of all its threads, without the rounding to
 * ticks that /proc/PID/stat has. */
static double cpu_of(pid_t pid)
{
    clockid_t clock;
    return clock_getcpuclockid(pid, &clock) ? 0 : seconds_of(clock);
}

static void memory_of(pid_t pid, struct usage *usage)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return;
    while (fgets(line, sizeof line, file)) {
        if (!strncmp(line, "VmRSS:", 6))
            usage->rss += 1024 * strtod(line + 6, NULL);
        else if (!strncmp(line, "VmHWM:", 6))
            usage->peak += 1024 * strtod(line + 6, NULL);
    }
    fclose(file);
}

static FILE *open_of_thread(pid_t pid, int thread, const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/task/%d/%s", (int)pid, thread, name);
    return fopen(path, "r");
}

/* What is told by thread: the time it waited for a core, and its children. */
static unsigned threads_of(pid_t pid, double *waited, pid_t *children, unsigned room)
{
    char path[32];
    unsigned count = 0;
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *threads = opendir(path);
    if (!threads)
        return 0;
    for (struct dirent *thread; (thread = readdir(threads));) {
        int id = atoi(thread->d_name), child;
        unsigned long long ran, queued;
        FILE *file;
        if (id <= 0)
            continue;
        if ((file = open_of_thread(pid, id, "schedstat"))) {
            if (fscanf(file, "%llu %llu", &ran, &queued) == 2)
                *waited += (double)queued / 1e9;
            fclose(file);
        }
        if ((file = open_of_thread(pid, id, "children"))) {
            while (count < room && fscanf(file, "%d", &child) == 1)
                children[count++] = child;
            fclose(file);
        }
    }
    closedir(threads);
    return count;
}

bool server_lives(void)
{
    for (unsigned i = 0; i < opt.pid_count; i++)
        if (kill(opt.pids[i], 0) && errno == ESRCH)
            return false;
    return true;
}

/* SYNs that the kernel threw away because an accept queue was full; the client sends the next one
 * a second later. */
double dropped_syns(void)
{
    static char names[8192], values[8192]; /* a line of names, a line of their values */
    double result = NAN;
    FILE *file = fopen("/proc/net/netstat", "r");
    if (!file)
        return NAN;
    if (fgets(names, sizeof names, file) && fgets(values, sizeof values, file)) {
        char *name_state, *value_state;
        char *name = strtok_r(names, " \n", &name_state);
        char *value = strtok_r(values, " \n", &value_state);
        for (; name && value;
             name = strtok_r(NULL, " \n", &name_state), value = strtok_r(NULL, " \n", &value_state))
            if (!strcmp(name, "ListenDrops"))
                result = strtod(value, NULL);
    }
    fclose(file);
    return result;
}

struct usage server_usage(bool memory)
{
    struct usage usage = {.own_cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID)};
    pid_t pids[MOST];
    unsigned count = opt.pid_count;
    memcpy(pids, opt.pids, count * sizeof *pids);
    for (unsigned i = 0; i < count; i++) {
        usage.cpu += cpu_of(pids[i]);
        if (memory)
            memory_of(pids[i], &usage);
        count += threads_of(pids[i], &usage.waited, pids + count, MOST - count);
    }
    threads_of(getpid(), &usage.own_waited, NULL, 0);
    usage.processes = count;
    return usage;
}

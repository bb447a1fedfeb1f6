/* Runs the C core of the share check, without Python, where a sanitizer can watch it.
 *
 * Standard input: one share a line, nineteen fields with a blank between, "-" for an absent one:
 *   coinb1 coinb2 branches version prevhash nbits ntime ntime_roll extranonce_size pool_target
 *   extranonce1 extranonce2 ntime nonce version_bits version_mask target
 *   verdict hash
 * Bytes are hex in internal order, numbers decimal. Then come random garbage, a model of the set
 * of seen hashes, and memory that runs out. Every input lies in memory of just its size, so that
 * a step too far is seen. Built with -Dcalloc=scarce_calloc. */
#undef calloc
#include "../../../stratumproxy/shares/seen.h"
#include "../../../stratumproxy/shares/sha256.h"
#include "../../../stratumproxy/shares/work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *scarce_calloc(size_t count, size_t size);

static bool memory_is_out;

void *scarce_calloc(size_t count, size_t size)
{
    return memory_is_out ? NULL : calloc(count, size);
}

static void expect(bool condition, const char *what)
{
    if (condition)
        return;
    fprintf(stderr, "%s: %s\n", sha256_current->name, what);
    exit(1);
}

/* A copy in memory of its own; malloc(0) is one past which nothing may be read. */
static void *copy(const void *from, size_t size)
{
    void *to = malloc(size);
    if (size > 0)
        memcpy(to, from, size);
    return to;
}

static uint64_t dice_state = 0x9e3779b97f4a7c15;

/* xorshift64*: the same garbage every time. */
static uint64_t dice(void)
{
    dice_state ^= dice_state >> 12;
    dice_state ^= dice_state << 25;
    dice_state ^= dice_state >> 27;
    return dice_state * 0x2545f4914f6cdd1d;
}

static size_t below(size_t end)
{
    return (size_t)(dice() % end);
}

static uint8_t *random_bytes(size_t size)
{
    uint8_t *bytes = malloc(size);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)dice();
    return bytes;
}

/* ---- shares that are known ---- */

static struct bytes from_hex(const char *hex)
{
    size_t size = strcmp(hex, "-") == 0 ? 0 : strlen(hex) / 2;
    uint8_t *bytes = malloc(size);
    for (size_t i = 0; i < size; i++)
        expect(sscanf(hex + 2 * i, "%2hhx", &bytes[i]) == 1, "the line of input is not hex");
    return (struct bytes){bytes, size};
}

static uint32_t number(const char *word)
{
    return (uint32_t)strtoul(word, NULL, 10);
}

static void known_share(char **field)
{
    struct bytes coinb1 = from_hex(field[0]), coinb2 = from_hex(field[1]);
    struct bytes branches = from_hex(field[2]), prevhash = from_hex(field[4]);
    struct bytes pool_target = from_hex(field[9]), extranonce1 = from_hex(field[10]);
    struct bytes extranonce2 = from_hex(field[11]), target = from_hex(field[16]);
    struct bytes hash = from_hex(field[18]);
    struct job job = {
        .coinb1 = coinb1,
        .coinb2 = coinb2,
        .branch_count = branches.size / 32,
        .version = number(field[3]),
        .prevhash = prevhash.at,
        .nbits = number(field[5]),
        .ntime = number(field[6]),
        .ntime_roll = number(field[7]),
        .extranonce_size = number(field[8]),
        .pool_target = pool_target.at,
    };
    struct share share = {
        .extranonce1 = extranonce1,
        .extranonce2 = extranonce2,
        .ntime = number(field[12]),
        .nonce = number(field[13]),
        .version_bits = number(field[14]),
        .has_version_bits = strcmp(field[14], "-") != 0,
        .version_mask = number(field[15]),
        .target = target.at,
    };
    struct work work;
    struct seen seen;
    seen_init(&seen, dice());
    expect(work_init(&work, &job) == NULL, "a known job is refused");
    for (size_t i = 0; i < job.branch_count; i++)
        work_branch(&work, i, branches.at + 32 * i);

    struct outcome outcome = work_check(&work, &seen, &share);
    expect((int)outcome.verdict == atoi(field[17]), "another verdict than expected");
    expect(outcome.hashed == (hash.size == 32), "hashed, or not, against expectation");
    if (outcome.hashed)
        expect(memcmp(outcome.hash, hash.at, 32) == 0, "another hash than expected");
    if (outcome.verdict < LOW_DIFFICULTY)
        expect(work_check(&work, &seen, &share).verdict == DUPLICATE, "not a duplicate");

    work_clear(&work);
    seen_clear(&seen);
    const void *const all[] = {
        coinb1.at,      coinb2.at,      branches.at, prevhash.at, pool_target.at,
        extranonce1.at, extranonce2.at, target.at,   hash.at,
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        free((void *)all[i]);
}

static char line[1 << 18];

static size_t known_shares(FILE *file)
{
    size_t count = 0;
    while (fgets(line, sizeof line, file) != NULL) {
        char *field[19];
        size_t i = 0;
        for (char *word = strtok(line, " \n"); word != NULL && i < 19; word = strtok(NULL, " \n"))
            field[i++] = word;
        expect(i == 19, "a line of input has not 19 fields");
        known_share(field);
        count++;
    }
    return count;
}

/* ---- garbage ---- */

static void garbage(void)
{
    static const size_t sizes[] = {0, 1, 54, 55, 56, 63, 64, 65, 100, 119, 120, 128, 700, 17000};
    uint8_t *coinb1 = random_bytes(17000), *coinb2 = random_bytes(17000);
    struct seen seen;
    seen_init(&seen, dice());
    for (int round = 0; round < 2000; round++) {
        uint8_t *prevhash = random_bytes(32), *pool_target = random_bytes(32);
        size_t size1 = sizes[below(14)], size2 = sizes[below(14)];
        struct job job = {
            .coinb1 = {copy(coinb1, size1), size1},
            .coinb2 = {copy(coinb2, size2), size2},
            .extranonce_size = below(20) ? below(20) : (size_t)dice(),
            .version = (uint32_t)dice(),
            .nbits = (uint32_t)dice(),
            .ntime = (uint32_t)dice(),
            .ntime_roll = (uint32_t)dice(),
            .prevhash = prevhash,
            .pool_target = pool_target,
            .branch_count = below(40),
        };
        struct work *work = malloc(sizeof *work);
        bool made = work_init(work, &job) == NULL;
        for (size_t i = 0; made && i < job.branch_count; i++)
            work_branch(work, i, prevhash);
        for (int i = 0; made && i < 10; i++) {
            size_t slot = below(6), size = below(10);
            uint8_t *extranonce1 = random_bytes(slot), *extranonce2 = random_bytes(size);
            uint8_t *target = random_bytes(32);
            struct share share = {
                .extranonce1 = {extranonce1, slot},
                .extranonce2 = {extranonce2, size},
                .ntime = below(2) ? job.ntime : (uint32_t)dice(),
                .nonce = (uint32_t)dice(),
                .version_bits = (uint32_t)dice(),
                .has_version_bits = below(2),
                .version_mask = below(2) ? UINT32_MAX : (uint32_t)dice(),
                .target = target,
            };
            struct outcome outcome = work_check(work, &seen, &share);
            bool fits = slot + size <= job.extranonce_size;
            expect(fits == (outcome.verdict != WORK_NO_ROOM), "wrong about the room");
            expect(!outcome.hashed || outcome.verdict <= DUPLICATE, "hashed for nothing");
            uint8_t header[WORK_HEADER];
            work_header(work, share.extranonce1, share.extranonce2, 1, 2, 3, header);
            free(extranonce1);
            free(extranonce2);
            free(target);
        }
        if (made)
            work_clear(work);
        free(work);
        free((void *)job.coinb1.at);
        free((void *)job.coinb2.at);
        free(prevhash);
        free(pool_target);
    }
    seen_clear(&seen);
    free(coinb1);
    free(coinb2);
}

/* Every kernel against the portable one, on messages of every length around the padding. */
static void hashes(const struct sha256_kernel *kernel)
{
    for (size_t size = 0; size < 400; size++) {
        uint8_t *message = random_bytes(size);
        uint32_t H[8], expected[8], other[8];
        sha256_hash(kernel, H, message, size);
        sha256_hash(&sha256_portable, expected, message, size);
        expect(memcmp(H, expected, sizeof H) == 0, "another hash than the portable kernel's");
        memcpy(other, expected, sizeof other);
        kernel->sha256d_pair(H, other);
        sha256_portable.sha256d_pair(expected, other);
        expect(memcmp(H, expected, sizeof H) == 0, "another pair than the portable kernel's");
        free(message);
    }
}

static void numbers(void)
{
    uint8_t *bytes = random_bytes(32);
    for (int round = 0; round < 100000; round++) {
        for (size_t i = 0; i < 32; i++) /* with many bytes at the ends of their range */
            bytes[i] = (uint8_t)(below(3) ? dice() : below(2) ? 0 : 255);
        size_t zeros = below(33);
        memset(bytes + 32 - zeros, 0, zeros);
        struct u256 value = u256_load(bytes);
        expect(u256_difficulty(&value) > 0, "a difficulty is not positive");
        expect(u256_meets(&value, &value), "a hash equal to the target must meet it");
    }
    for (uint32_t exponent = 0; exponent < 256; exponent++) {
        uint32_t nbits = exponent << 24 | (uint32_t)(dice() & 0xffffff);
        struct u256 target = u256_from_nbits(nbits);
        if (exponent > 34 || nbits & 0x800000)
            expect(!(target.words[0] | target.words[1] | target.words[2] | target.words[3]),
                   "an overflowing or negative target is not 0");
    }
    free(bytes);
}

static void scanning(void)
{
    uint8_t *header = random_bytes(WORK_HEADER);
    struct u256 none = {{0}}, all = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
    expect(work_scan(header, &none, 0, 100) == 100, "a nonce for an impossible target");
    expect(work_scan(header, &all, 7, 100) == 7, "no nonce for a target that all meet");
    expect(work_scan(header, &all, 7, 7) == 7, "a nonce from an empty range");
    free(header);
}

/* ---- the set of seen hashes ---- */

enum { MODEL = 4000, SLICES = 8, SLICE = 1 << SEEN_SLICE_SHIFT };

/* The model: a plain array for each slice of ntime; the oldest is forgotten now and then. */
static void seen_against_model(uint64_t mixer)
{
    static uint64_t keys[SLICES][2 * MODEL];
    size_t counts[SLICES] = {0}, first = 0, all = 0;
    struct seen seen;
    seen_init(&seen, mixer);
    for (int i = 0; i < 20000; i++) {
        size_t slice = first + below(SLICES - first);
        uint64_t key = below(MODEL) << (below(2) ? 0 : 40); /* crowds the same slots, and has 0 */
        bool known = false;
        for (size_t j = 0; j < counts[slice]; j++)
            known |= keys[slice][j] == key;
        uint32_t ntime = (uint32_t)(slice * SLICE + below(SLICE));
        expect(seen_add(&seen, ntime, key) == (known ? SEEN_BEFORE : SEEN_NEW),
               "wrong about a key");
        if (!known) {
            keys[slice][counts[slice]++] = key;
            all++;
        }
        if (below(2500) == 0 && first < SLICES - 1) {
            all -= counts[first++];
            seen_forget(&seen, (uint32_t)(first * SLICE + below(SLICE)));
        }
        expect(seen_count(&seen) == all, "wrong count");
    }
    seen_clear(&seen);
    expect(seen_count(&seen) == 0, "something is left after clearing");
    expect(seen_add(&seen, 0, 0) == SEEN_NEW, "a cleared set is not usable");
    seen_clear(&seen);
}

/* Keys that a miner could choose: alike in all bits but 16. No long row of taken slots follows,
 * over which every search would have to walk; without a secret in the table's order, one of all
 * 1,000. */
static void chosen_keys_do_not_crowd(void)
{
    for (int round = 0; round < 200; round++) {
        struct seen seen;
        seen_init(&seen, dice());
        unsigned shift = (unsigned)below(49);
        uint64_t rest = dice() & ~((uint64_t)0xffff << shift);
        while (seen_count(&seen) < 1000)
            (void)seen_add(&seen, 7, rest | (uint64_t)below(1 << 16) << shift);
        size_t row = 0, longest = 0;
        const struct slice *slice = seen.slices;
        for (size_t i = 0; i < 2 * slice->capacity; i++) { /* twice, since rows go round */
            row = slice->slots[i & (slice->capacity - 1)] != 0 ? row + 1 : 0;
            longest = row > longest ? row : longest;
        }
        expect(longest < 100, "chosen keys crowd the table");
        seen_clear(&seen);
    }
}

static void without_memory(void)
{
    struct seen seen;
    seen_init(&seen, dice());
    for (uint64_t key = 0; key < 128; key++)
        expect(seen_add(&seen, 0, key) == SEEN_NEW, "a new key is not new");
    memory_is_out = true;
    expect(seen_add(&seen, 0, 1000) == SEEN_NO_MEMORY, "grew without memory");
    expect(seen_add(&seen, SLICE, 1000) == SEEN_NO_MEMORY, "another slice without memory");
    expect(seen_add(&seen, 0, 5) == SEEN_BEFORE, "forgot a key");
    expect(seen_count(&seen) == 128, "wrong count without memory");
    const uint8_t zero[32] = {0};
    struct job job = {.prevhash = zero, .pool_target = zero};
    struct work work;
    expect(work_init(&work, &job) == work_no_memory, "a work without memory");
    memory_is_out = false;
    expect(seen_add(&seen, 0, 1000) == SEEN_NEW, "does not grow again");
    seen_clear(&seen);
}

int main(void)
{
    if (sha256_detect() == 0) {
        fprintf(stderr, "no kernel passed its self-test\n");
        return 1;
    }
    char *input = NULL;
    size_t size = 0;
    for (size_t got = 1; got > 0; size += got) {
        input = realloc(input, size + (1 << 16));
        got = fread(input + size, 1, 1 << 16, stdin);
    }
    for (size_t i = 0; sha256_listed(i) != NULL; i++) {
        sha256_current = sha256_listed(i);
        FILE *file = fmemopen(input, size, "r");
        size_t count = known_shares(file);
        fclose(file);
        hashes(sha256_current);
        garbage();
        scanning();
        printf("%s: %zu known shares\n", sha256_current->name, count);
    }
    free(input);
    numbers();
    seen_against_model(dice());
    seen_against_model(0); /* all keys in the first slots: slow, and right all the same */
    chosen_keys_do_not_crowd();
    without_memory();
    return 0;
}

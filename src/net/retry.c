#include "net/retry.h"

#include <sys/random.h>
#include <unistd.h>

#include "base/clock.h"

void retry_init(struct retry *retry, int max_attempts)
{
    retry->max_attempts = max_attempts;
    atomic_init(&retry->tokens, RETRY_CAPACITY);
}

uint32_t random_up_to(uint32_t max)
{
    uint32_t bits = 0;
    if (getentropy(&bits, sizeof bits) < 0)
        return max / 2; /* jitter only spreads load; without entropy TLS fails and says so */
    return (uint32_t)(((uint64_t)bits * ((uint64_t)max + 1)) >> 32);
}

bool retry_helps(const struct error *error)
{
    if (error->final)
        return false;
    switch (error->reason) {
    case REASON_UNREACHABLE:
    case REASON_TIMEOUT:
    case REASON_THROTTLED:
    case REASON_SERVER_ERROR:
        return true;
    case REASON_BAD_REPLY:
        return error->http_status == 0; /* not even HTTP, or cut off: a connection that broke */
    default:
        return false;
    }
}

static int64_t wait_ms(int attempt, long retry_after)
{
    int64_t range = RETRY_LONGEST_MS;
    if (attempt < 6)
        range = deadline_earlier(range, 1000LL << (attempt - 1));
    int64_t jitter = random_up_to((uint32_t)range);
    int64_t asked = retry_after > 0 ? retry_after * 1000LL : 0;
    return asked > jitter ? asked : jitter;
}

/* All threads pay from the one bucket, and none more than is in it. */
static bool pay(struct retry *retry, int price)
{
    if (atomic_fetch_sub(&retry->tokens, price) >= price)
        return true;
    atomic_fetch_add(&retry->tokens, price);
    return false;
}

bool retry_wait(struct retry *retry, int attempt, const struct error *error, int64_t deadline, int *cost)
{
    bool transport = error->http_status == 0;
    int price = transport ? RETRY_COST_TRANSPORT : RETRY_COST;
    if (!retry_helps(error) || attempt >= retry->max_attempts)
        return false;
    int64_t wait = wait_ms(attempt, error->retry_after), until = deadline_in(wait);
    if (wait > RETRY_PATIENCE_MS || until >= deadline || !pay(retry, price))
        return false;
    *cost = price;
    clock_sleep_until(until);
    return true;
}

void retry_succeeded(struct retry *retry, int cost)
{
    int before = atomic_load(&retry->tokens), after;
    do {
        after = before + (cost ? cost : 1);
        after = after > RETRY_CAPACITY ? RETRY_CAPACITY : after;
    } while (!atomic_compare_exchange_weak(&retry->tokens, &before, after));
}

#include "base/clock.h"
#include "check/diagnosis.h"
#include "check/surroundings.h"
#include "ecr/identity.h"

/* What the chain tells while it runs. */
struct telling {
    struct diagnosis *diagnosis;
    int64_t since;
    const char *failed; /* the source that applied and failed; NULL: none did */
};

static void on_tried(void *context, const char *kind, enum source_end end, const char *why)
{
    struct telling *telling = context;
    if (end == SOURCE_NOT_HERE) {
        diagnosis_add(telling->diagnosis, "source", kind, FINDING_SKIPPED, telling->since, NULL, "%s",
                      why ? why : "does not apply");
        telling->since = clock_ms();
    }
    if (end == SOURCE_FAILED)
        telling->failed = kind;
}

static void tell_source(struct diagnosis *d, const struct credentials *credentials, int64_t since)
{
    char ends[TIME_TEXT];
    time_iso(credentials->expires, ends);
    diagnosis_add(d, "source", credentials->kind, FINDING_OK, since, NULL, "%s%s%s", credentials->source,
                  credentials->expires ? "; good until " : "", credentials->expires ? ends : "");
}

/* Which credentials there are, source by source. */
static bool find_credentials(struct diagnosis *d, struct ecr_principal *principal, struct credentials *credentials)
{
    struct error error;
    struct telling telling = {d, clock_ms(), NULL};
    struct chain_listener listener = {on_tried, &telling};
    error_init(&error, &d->session->arena);
    if (principal->rule)
        diagnosis_add(d, "registry map", principal->rule->registry, FINDING_OK, clock_ms(), NULL, "%s says: %s",
                      principal->rule->place, principal->rule->target);
    principal->provider.listener = &listener;
    int status = provider_get(&principal->provider, diagnosis_step_deadline(d), credentials, &error);
    principal->provider.listener = NULL;
    if (status == 0)
        tell_source(d, credentials, telling.since);
    else
        diagnosis_add_error(d, telling.failed ? "source" : "credentials", telling.failed ? telling.failed : "AWS",
                            d->host.is_public ? FINDING_WARNING : FINDING_FAILED, telling.since, &error);
    return status == 0;
}

/* False when AWS does not take the credentials. */
static bool find_identity(struct diagnosis *d, struct ecr_principal *principal)
{
    struct ecr_identity identity;
    struct error error;
    struct surroundings surroundings;
    int64_t since = clock_ms();
    error_init(&error, &d->session->arena);
    if (d->proxy_broken || d->names_broken) {
        diagnosis_add(d, "identity", "STS", FINDING_SKIPPED, since, NULL, "STS cannot be reached");
        return true;
    }
    if (ecr_identity(principal, diagnosis_step_deadline(d), &d->session->arena, &identity, &error) < 0) {
        bool refused = reason_exit(error.reason) == EXIT_CREDENTIALS;
        diagnosis_add_error(d, "identity", "STS", refused ? FINDING_FAILED : FINDING_WARNING, since, &error);
        return !refused;
    }
    surroundings_find(&surroundings, &d->session->arena);
    diagnosis_add(d, "identity", identity.who.account, FINDING_OK, since, NULL, "%s; %s", identity.who.arn,
                  surroundings_whose(&surroundings, identity.credentials.kind));
    if (d->host.account && !slice_is(slice_of(d->host.account), identity.who.account))
        diagnosis_add(d, "account", d->host.account, FINDING_WARNING, clock_ms(),
                      "besides its own policy the caller needs to be named in the repository's policy",
                      "the registry is another account's: its repository's policy must let %s in",
                      identity.who.account);
    return true;
}

void diagnose_credentials(struct diagnosis *d)
{
    struct ecr_principal *principal;
    struct credentials credentials;
    struct error error;
    error_init(&error, &d->session->arena);
    if (diagnosis_out_of_time(d, "credentials", "AWS"))
        return;
    if (ecr_caller_principal(&d->session->ecr, d->host.region ? &d->host : NULL, &principal, &error) < 0) {
        if (!d->host.region) /* the network's steps have told it otherwise */
            diagnosis_add_error(d, "settings", "AWS", FINDING_FAILED, clock_ms(), &error);
        return;
    }
    if (find_credentials(d, principal, &credentials) && find_identity(d, principal) && d->host.region &&
        !d->api_unreachable)
        d->has_api = ecr_caller_api(&d->session->ecr, &d->host, diagnosis_step_deadline(d), &d->api, &error) == 0;
}

"""What tests use to set the scene for operations on repositories and images; a part of `Lab`."""

ACCOUNT, REGION = "123456789012", "us-east-1"


class Staged:
    # ---- many at once

    def create_repositories(self, repositories, account=ACCOUNT, region=REGION):
        """Repositories with default settings, thousands in a moment; the registry of an account and region gets them."""
        self.control("create_repositories", names=list(repositories), account=account, region=region)

    def create_public_repository(self, name, role="full", **rest):
        """A repository of ECR Public; returns public.ecr.aws/ALIAS/NAME, to which `push_image` can push."""
        made = self.api(role, service="ecr-public").create_repository(repositoryName=name, **rest)
        return made["repository"]["repositoryUri"]

    def add_images(self, repository, entries):
        """Images without content in HOST/NAME or public.ecr.aws/lab/NAME, many in a moment; returns their digests.

        An entry: tags=[...], size=, age= and pulled= (seconds ago), status= and archived= (seconds ago), docker=True,
        children=[digests] (an index of them), subject= and artifact= (a referrer). A number stands for so many untagged."""
        host, _, name = repository.partition("/")
        entries = [{}] * entries if isinstance(entries, int) else entries
        return self.control("add_images", host=host, name=name, entries=entries)

    # ---- scans

    def set_scan(self, repository, reference, status="COMPLETE", findings=(), enhanced=False, polls=0, pending="IN_PROGRESS",
                 started=True, age=None):
        """The scan of an image (REFERENCE is a tag or a digest): `polls` times DescribeImageScanFindings says `pending`, then
        `status`, with the findings if that is COMPLETE or ACTIVE. Each StartImageScan begins the polls anew.

        started=False: there is none until StartImageScan. age: so many seconds ago it was started; within 24 hours no other
        can be. A finding is a whole one of the API, or [name, severity, package, version] or a dictionary of these (and of
        `fixed` when enhanced)."""
        joint = "@" if ":" in reference else ":"
        self.control("set_scan", ref=f"{repository}{joint}{reference}", status=status, findings=list(findings),
                     enhanced=enhanced, polls=polls, pending=pending, started=started, age=age)

    # ---- what happens elsewhere

    def set_replication(self, ref, statuses, polls=0):
        """Statuses of an image: [{"region", "status", "failureCode", "registryId"}], all IN_PROGRESS for so many polls.

        Without it the answer follows from the configuration: COMPLETE for each destination of its rules."""
        self.control("set_replication", ref=ref, statuses=statuses, polls=polls)

    def set_secret(self, pattern, status):
        """What becomes of rules with a credentialArn that fits the pattern: there, missing, unreadable, undecryptable."""
        self.control("set_secret", pattern=pattern, status=status)

    def set_validity(self, prefix, valid, failure=None, account=ACCOUNT, region=REGION):
        """What ValidatePullThroughCacheRule says of a rule that is there."""
        self.control("set_validity", prefix=prefix, valid=valid, failure=failure, account=account, region=region)

#!/usr/bin/env python3
"""Asks botocore's own rule sets for the API hosts of every region and writes endpoints.h beside this file.

    build/venv/bin/python tests/unit/make_endpoints.py
"""

import pathlib
import sys

import botocore.session
from botocore.endpoint_provider import EndpointProvider

SERVICES = ["ecr", "ecr-public"]


def regions(partitions):
    for partition in partitions["partitions"]:
        for region in sorted(partition["regions"]):
            if not region.endswith("-global"):
                yield partition["id"], region


def main():
    loader = botocore.session.get_session().get_component("data_loader")
    partitions = loader.load_data("partitions")
    lines = ["/* Made by make_endpoints.py with botocore: do not edit. */", "", "static const struct row rows[] = {"]
    for service in SERVICES:
        provider = EndpointProvider(loader.load_service_model(service, "endpoint-rule-set-1"), partitions)
        for partition, region in regions(partitions):
            if service == "ecr-public" and region != "us-east-1":
                continue  # the control plane of ECR Public lives there alone
            for fips in (False, True):
                for dual in (False, True):
                    url = provider.resolve_endpoint(Region=region, UseFIPS=fips, UseDualStack=dual).url
                    name = service.replace("-", "_")
                    lines.append(f'    {{&{name}_endpoint_rule, "{partition}", "{region}", {int(fips)}, {int(dual)}, "{url}"}},')
    place = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("endpoints.h"))
    place.write_text("\n".join(lines + ["};", ""]))


main()

"""S3 as moto plays it, on loopback."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

BUCKET = "parlance"
ACCESS = {"aws_access_key_id": "key", "aws_secret_access_key": "secret"}


@contextmanager
def moto_server() -> Iterator[str]:
    """Serve while the block lasts; gives the endpoint."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


@contextmanager
def bucket(endpoint: str) -> Iterator[Any]:
    """Make the bucket, and take it away with all that is in it; gives boto3's client."""
    client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **ACCESS)
    client.create_bucket(Bucket=BUCKET)
    try:
        yield client
    finally:
        for each in client.list_objects_v2(Bucket=BUCKET).get("Contents", []):
            client.delete_object(Bucket=BUCKET, Key=each["Key"])
        client.delete_bucket(Bucket=BUCKET)
        client.close()

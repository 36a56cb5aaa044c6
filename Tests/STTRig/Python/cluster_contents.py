#!/usr/bin/env python3
"""What a cluster has in MongoDB and S3, as one JSON object, read without the code under test.

    cluster_contents.py show|drop MONGODB-URL DATABASE S3-ENDPOINT BUCKET ACCESS-KEY SECRET-KEY REGION
"""

import json
import sys

import boto3
import botocore.config
import botocore.exceptions
import pymongo


def text(value):
    """An id as it is written in object keys."""
    if isinstance(value, bytes) and len(value) == 16:
        import uuid
        return str(uuid.UUID(bytes=bytes(value)))
    return value if isinstance(value, (str, int, float, bool, type(None))) else str(value)


def job_of(chunk):
    if "job" in chunk:
        return text(chunk["job"])
    key = chunk["_id"]
    return text(key["job"] if isinstance(key, dict) else str(key).split("/")[0].split(":")[0])


def main():
    action, mongo_url, database, endpoint, bucket, access, secret, region = sys.argv[1:]
    store = pymongo.MongoClient(mongo_url, serverSelectionTimeoutMS=5000)
    s3 = boto3.client("s3", endpoint_url=endpoint, aws_access_key_id=access, aws_secret_access_key=secret,
                      region_name=region, config=botocore.config.Config(
                          s3={"addressing_style": "path"}, retries={"max_attempts": 3}))
    try:
        keys = [item["Key"] for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
                for item in page.get("Contents", [])]
        uploads = [item["Key"] for page in s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket)
                   for item in page.get("Uploads", [])]
    except botocore.exceptions.ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise
        keys, uploads = [], []
    if action == "drop":
        store.drop_database(database)
        for key in keys:
            s3.delete_object(Bucket=bucket, Key=key)
        try:
            s3.delete_bucket(Bucket=bucket)
        except botocore.exceptions.ClientError:
            pass
        return
    base = store[database]
    jobs = {text(job["_id"]): text(job.get("state")) for job in base["jobs"].find({}, {"state": 1})}
    chunks = {}
    for chunk in base["chunks"].find({}, {"result": 0}):
        chunks.setdefault(job_of(chunk), []).append(text(chunk.get("state")))
    print(json.dumps({"jobs": jobs, "chunks": chunks, "keys": keys, "uploads": uploads}))


main()

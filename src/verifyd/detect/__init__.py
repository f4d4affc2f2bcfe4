"""What a repository's own configuration says about its checks, turned into a first VERIFY.md."""

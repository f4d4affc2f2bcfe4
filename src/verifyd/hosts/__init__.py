"""The agent hosts: their payloads into events, our answers into exactly what each of them reads, nothing shared between them."""

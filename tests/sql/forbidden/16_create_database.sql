-- expect: statement-not-allowed
create database made

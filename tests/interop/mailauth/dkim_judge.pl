#!/usr/bin/perl
# Mail::DKIM's word on messages: a line for each, the results of its signatures from the top.
#
#   dkim_judge.pl ZONE MESSAGE…
#
# ZONE has lines `name TXT text`.
use strict;
use warnings;
use Mail::DKIM::Verifier;

my %text;
open(my $zone, '<', shift) or die;
while (<$zone>) {
	$text{lc $1} = $2 if /^(\S+) TXT (.*)$/;
}
close($zone);

package Answer;
sub type { return 'TXT' }
sub txtdata { return $_[0]{text} }
sub char_str_list { return ($_[0]{text}) }

package main;
no warnings 'redefine';
*Mail::DKIM::DNS::query = sub {
	my ($name) = @_;
	return exists $text{lc $name} ? bless({ text => $text{lc $name} }, 'Answer') : ();
};
for my $path (@ARGV) {
	my $verifier = Mail::DKIM::Verifier->new();
	open(my $in, '<:raw', $path) or die;
	local $/;
	$verifier->PRINT(<$in>);
	close($in);
	$verifier->CLOSE;
	print join(' ', map { $_->algorithm . '=' . $_->result } $verifier->signatures), "\n";
}

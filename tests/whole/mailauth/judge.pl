# Mail::DKIM verifies a message: judge.pl MESSAGE DNS; DNS as for judge.js.
use strict;
use warnings;
use JSON::PP;
use Mail::DKIM::Verifier;

my ($path, $dns) = @ARGV;
local $/;
open my $f, '<', $dns or die;
my $zone = decode_json(<$f>);
{
    no warnings 'redefine';
    *Mail::DKIM::DNS::query = sub {
        my $found = $zone->{ lc $_[0] }{TXT} or return ();
        return map { bless { text => join '', @$_ }, 'Answer' } @$found;
    };
}
open my $m, '<:raw', $path or die;
my $verifier = Mail::DKIM::Verifier->new;
$verifier->PRINT(<$m>);
$verifier->CLOSE;
print $verifier->result_detail, "\n";
exit($verifier->result eq 'pass' ? 0 : 1);

package Answer;
sub type          { return 'TXT' }
sub txtdata       { return $_[0]{text} }
sub char_str_list { return ($_[0]{text}) }

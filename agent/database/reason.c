#include "agent/database/reason.h"

#include "runtime/base/error.h"

#include <assert.h>

#define MS(n)      ((n)*NS_PER_MS)
#define SECONDS(n) ((n)*NS_PER_S)

enum {
	MOST_DOUBLINGS = 30,
};

/* clang-format off */
static const struct class_rule classes[ERROR_CLASSES] = {
	[CLASS_NONE]      = { "None",      REQUEUE_NEVER,    0,           0,             CONDITION_READY,            0, "nothing is wrong" },
	[CLASS_INVALID]   = { "Invalid",   REQUEUE_NEVER,    0,           0,             CONDITION_STALLED,          1, "what was asked for cannot be: it is looked at again when it changes" },
	[CLASS_UNTRUSTED] = { "Untrusted", REQUEUE_NEVER,    0,           0,             CONDITION_STALLED,          0, "who asks is not known: the last good state stays" },
	[CLASS_SAFETY]    = { "Safety",    REQUEUE_APPROVAL, 0,           0,             CONDITION_DELETION_BLOCKED, 0, "it would destroy something: somebody has to let it" },
	[CLASS_CONFLICT]  = { "Conflict",  REQUEUE_POLL,     0,           SECONDS(300),  CONDITION_STALLED,          1, "somebody else holds it: looked at every five minutes" },
	[CLASS_WAITING]   = { "Waiting",   REQUEUE_EVENT,    SECONDS(60), SECONDS(3600), CONDITION_RECONCILING,      0, "no error: something has to happen first" },
	[CLASS_TRANSIENT] = { "Transient", REQUEUE_BACKOFF,  SECONDS(1),  SECONDS(300),  CONDITION_RECONCILING,      3, "it failed and may go well the next time: from a second to five minutes" },
	[CLASS_LIMITED]   = { "Limited",   REQUEUE_GIVEN,    SECONDS(60), SECONDS(86400), CONDITION_RECONCILING,     0, "too much was asked for: at the time that the other side named" },
	[CLASS_DENIED]    = { "Denied",    REQUEUE_BACKOFF,  SECONDS(60), SECONDS(3600), CONDITION_STALLED,          1, "the other side does not let us: up to an hour, and somebody should look" },
	[CLASS_BUG]       = { "Bug",       REQUEUE_BACKOFF,  MS(50),      SECONDS(30),   CONDITION_STALLED,          1, "a mistake of this program: all else goes on" },
};

/* Sorted by class, then by word. */
static const struct reason reasons[] = {
	{ "Absent",              CLASS_NONE,      "the state does not name it any more" },
	{ "Adopted",             CLASS_NONE,      "somebody else changed it; that is kept until the state changes it" },
	{ "Applied",             CLASS_NONE,      "it lives as the state says" },
	{ "Assumed",             CLASS_NONE,      "taken as applied, to compare states with" },
	{ "BackupTaken",          CLASS_NONE,      "a backup went well" },
	{ "BackupVerified",       CLASS_NONE,      "all of a backup was read, and is what was written" },
	{ "CertificateExpiring", CLASS_NONE,      "a certificate is in the last third of its life, and nothing has renewed it" },
	{ "ChangedOutside",      CLASS_NONE,      "somebody else changed it past the state" },
	{ "CommitApplied",       CLASS_NONE,      "a commit of the repository became the state" },
	{ "Corrected",           CLASS_NONE,      "what had drifted was set right" },
	{ "Declared",            CLASS_NONE,      "the state names it for the first time" },
	{ "Disabled",            CLASS_NONE,      "it left the state: shut, its data kept" },
	{ "DrillDue",             CLASS_NONE,      "no restore was tried for long: `posthus backup drill`" },
	{ "ExchangersSeen",      CLASS_NONE,      "all servers answer the new MX: the former hosts leave the policy of MTA-STS in a while" },
	{ "Expiring",            CLASS_NONE,      "a self-signed certificate is made anew in time" },
	{ "FileUnowned",         CLASS_NONE,      "a file of it is here, and no object owns it" },
	{ "FilesChanged",        CLASS_NONE,      "the files of a certificate are others now" },
	{ "IdGiven",             CLASS_NONE,      "it has an id from now on" },
	{ "Invited",             CLASS_NONE,      "the account has no password yet" },
	{ "KeyChanged",          CLASS_NONE,      "its address or name is another one" },
	{ "KeySeen",             CLASS_NONE,      "all servers answer a certificate's new key (TLSA): it is served in a while" },
	{ "KeyServes",           CLASS_NONE,      "a certificate's new key is known to all (TLSA): it is served from now on" },
	{ "KitUnproven",         CLASS_NONE,      "nobody has shown for long that the recovery code on paper opens anything" },
	{ "Missing",             CLASS_NONE,      "what should live is not there: it is made anew" },
	{ "PurgeRequested",      CLASS_NONE,      "the state, or somebody by hand, asks to destroy it" },
	{ "RecordSeen",          CLASS_NONE,      "all servers answer the record of a DKIM key: it signs from now on" },
	{ "Removing",            CLASS_NONE,      "it left the state: what lives of it outside is being removed" },
	{ "RestoreTried",         CLASS_NONE,      "a restore of all of it was tried, and everything opened" },
	{ "Resumed",             CLASS_NONE,      "a suspension ended" },
	{ "Returned",            CLASS_NONE,      "the state names it again" },
	{ "RewindAccepted",      CLASS_NONE,      "somebody let a commit be taken that does not stand on the one before" },
	{ "RotationDue",         CLASS_NONE,      "a DKIM key is as old as the state lets it become: a successor is made" },
	{ "Signing",             CLASS_NONE,      "mail is signed with the key" },
	{ "SourceAttached",      CLASS_NONE,      "commits of the repository are taken again" },
	{ "SourceDetached",      CLASS_NONE,      "a state was applied by hand: nothing is taken from the repository until `posthus git attach`" },
	{ "SpecChanged",         CLASS_NONE,      "the state says something else of it" },
	{ "Suspended",           CLASS_NONE,      "nothing is applied for a while" },
	{ "TrustReinstated",     CLASS_NONE,      "what was revoked counts again" },
	{ "TrustRevoked",        CLASS_NONE,      "a person of `trust`, or a key, counts no more on this host" },
	{ "AddressAbsent",       CLASS_INVALID,   "a listener names an address that this machine does not have" },
	{ "AddressKept",         CLASS_INVALID,   "an address belongs to an object that is disabled and keeps its data" },
	{ "AddressQuarantined",  CLASS_INVALID,   "an address was somebody's until lately" },
	{ "CertificateUnusable", CLASS_INVALID,   "a certificate and its key could not be loaded" },
	{ "CodeWrong",            CLASS_INVALID,   "a recovery code is mistyped, or of another host" },
	{ "DependencyCycle",     CLASS_INVALID,   "objects need each other in a circle" },
	{ "DependencyMissing",   CLASS_INVALID,   "an object needs one that the state does not have" },
	{ "Expired",             CLASS_INVALID,   "the certificate is no longer valid" },
	{ "FilesUnusable",       CLASS_INVALID,   "the files of a certificate cannot be read, or do not belong together" },
	{ "IdChanged",           CLASS_INVALID,   "an id, once given, does not change" },
	{ "IdTaken",             CLASS_INVALID,   "the id belongs to another object" },
	{ "NoRecovery",           CLASS_INVALID,   "a backup has nobody who could open it" },
	{ "NotServedYet",        CLASS_INVALID,   "the state asks for what this version does not do yet" },
	{ "NothingApplied",      CLASS_INVALID,   "no state was applied yet" },
	{ "NothingToGoBackTo",   CLASS_INVALID,   "there is no generation before this one" },
	{ "RecordInvalid",       CLASS_INVALID,   "no zone can have such a record" },
	{ "RecordsCollide",      CLASS_INVALID,   "two records of a state exclude each other" },
	{ "RefNotFound",         CLASS_INVALID,   "the repository, or the branch of it, is not there" },
	{ "Refused",             CLASS_INVALID,   "the other side does not take what was sent" },
	{ "ResealNeeded",        CLASS_INVALID,   "a sealed value was sealed for another place, another endpoint or other machines" },
	{ "SourceTooLarge",      CLASS_INVALID,   "the repository is larger than a state's may be" },
	{ "StateInvalid",        CLASS_INVALID,   "the state has errors: each has its own name and place" },
	{ "StillDeclared",       CLASS_INVALID,   "the state still names what should be destroyed" },
	{ "UidDiffers",          CLASS_INVALID,   "another object has this name now" },
	{ "NotDescendant",       CLASS_UNTRUSTED, "a commit does not stand on the one that was last applied" },
	{ "PeerUntrusted",       CLASS_UNTRUSTED, "the other side could not show who it is" },
	{ "ScopeExceeded",       CLASS_UNTRUSTED, "a commit does what its signer may not" },
	{ "SignatureMissing",    CLASS_UNTRUSTED, "a commit is not signed" },
	{ "SignatureWrong",      CLASS_UNTRUSTED, "a signature is not by the key that it names, or was made for something else" },
	{ "SignerNotAllowed",    CLASS_UNTRUSTED, "a commit is signed by a key that nobody of `trust` has, or has any more" },
	{ "SourceHostile",       CLASS_UNTRUSTED, "the repository holds what no state needs: links, submodules, names of git's own" },
	{ "TrustUnreadable",     CLASS_UNTRUSTED, "who may sign cannot be read: nobody is trusted" },
	{ "AdoptionNeeded",      CLASS_SAFETY,    "account files are here that no object owns: somebody has to say what becomes of them" },
	{ "ApprovalsMissing",    CLASS_SAFETY,    "more people have to agree to a change" },
	{ "BackupsLost",         CLASS_SAFETY,    "what was written last is not at the place of the backups: another disk, or emptied" },
	{ "ConfirmationAwaited", CLASS_SAFETY,    "the last change waits to be confirmed" },
	{ "Cooldown",            CLASS_SAFETY,    "a change waits for as long as the policy says, and goes by itself" },
	{ "DeletionProtected",   CLASS_SAFETY,    "the policy that was last applied protects it" },
	{ "EmptySource",         CLASS_SAFETY,    "the repository has no file of a state any more" },
	{ "FileGone",            CLASS_SAFETY,    "the file of an account is not there; no empty one is made" },
	{ "FileOlder",           CLASS_SAFETY,    "the file of an account was put back from an older copy" },
	{ "HeldAlong",           CLASS_SAFETY,    "it needs something that is held, or is needed by it" },
	{ "NotBackedUp",         CLASS_SAFETY,    "no backup that was read has what would be destroyed" },
	{ "PruneGate",           CLASS_SAFETY,    "more would go than a gate lets through" },
	{ "PurgeRate",           CLASS_SAFETY,    "more purges in an hour than are allowed" },
	{ "RestoreBroken",        CLASS_SAFETY,    "what a backup brought back is not whole" },
	{ "RetentionNotOver",    CLASS_SAFETY,    "its data is kept for a while yet" },
	{ "FightingWriter",      CLASS_CONFLICT,  "somebody else keeps changing what is set right again and again" },
	{ "ForeignOwner",        CLASS_CONFLICT,  "it is there already, and not ours" },
	{ "KeysLost",            CLASS_CONFLICT,  "account files are here that no key opens" },
	{ "PortTaken",           CLASS_CONFLICT,  "another program listens there" },
	{ "StalePlan",           CLASS_CONFLICT,  "the plan is not what applying would do now" },
	{ "ZoneGone",            CLASS_CONFLICT,  "a zone is not where it was: nothing is made in its place" },
	{ "DependencyNotReady",  CLASS_WAITING,   "what it needs is not Ready" },
	{ "InProgress",          CLASS_WAITING,   "the other side works on it" },
	{ "NotVisible",          CLASS_WAITING,   "not every name server of the zone says it yet" },
	{ "NotYet",               CLASS_WAITING,   "there is nothing yet that it could be done with" },
	{ "Queued",              CLASS_WAITING,   "its turn comes" },
	{ "RecordAwaited",       CLASS_WAITING,   "a DKIM key signs once all servers answer its record; until then mail goes unsigned" },
	{ "RecordMissing",       CLASS_WAITING,   "a person has to put it into the zone" },
	{ "AnswerMalformed",     CLASS_TRANSIENT, "the other side's answer makes no sense, or is about something else" },
	{ "BackupFailed",         CLASS_TRANSIENT, "a backup did not go well" },
	{ "BackupMissed",         CLASS_TRANSIENT, "two backups in a row are missing" },
	{ "Busy",                CLASS_TRANSIENT, "the other side has no time" },
	{ "ChangedMeanwhile",    CLASS_TRANSIENT, "somebody else changed it while we were about to" },
	{ "ConnectionFailed",    CLASS_TRANSIENT, "nobody answers at the other side's address" },
	{ "ConnectionLost",      CLASS_TRANSIENT, "the conversation ended before the answer" },
	{ "DiskFailed",           CLASS_TRANSIENT, "a file of the data directory does not read, or cannot be written" },
	{ "DiskFull",            CLASS_TRANSIENT, "the disk has no room" },
	{ "DiskLow",             CLASS_TRANSIENT, "the disk is nearly full" },
	{ "FileReplaced",         CLASS_TRANSIENT, "an account's file was replaced during a backup" },
	{ "LogOutgrown",          CLASS_TRANSIENT, "more mail came in during a backup than the disk may hold twice" },
	{ "NameNotFound",        CLASS_TRANSIENT, "the other side's name leads nowhere" },
	{ "NotBound",            CLASS_TRANSIENT, "a listener is not open" },
	{ "PlaceMissing",        CLASS_TRANSIENT, "the place of a backup is not there: a directory, a mount, a bucket" },
	{ "PortFailed",          CLASS_TRANSIENT, "a listener could not be opened" },
	{ "QueueStuck",          CLASS_TRANSIENT, "mail waits for other hosts for hours" },
	{ "RenewalFailing",      CLASS_TRANSIENT, "less than a third of a certificate's life is left, and no issuer has renewed it" },
	{ "ServerFailed",        CLASS_TRANSIENT, "the other side says that it failed" },
	{ "SourceDamaged",       CLASS_TRANSIENT, "an object of the repository is missing, or not what its name says" },
	{ "Stopped",              CLASS_TRANSIENT, "the agent ended meanwhile" },
	{ "Timeout",             CLASS_TRANSIENT, "no answer came in time" },
	{ "QuotaExceeded",       CLASS_LIMITED,   "the other side's quota is used up" },
	{ "RateLimited",         CLASS_LIMITED,   "the other side wants fewer requests" },
	{ "SendLimit",           CLASS_LIMITED,   "an account wants to send more than it may" },
	{ "AuthFailed",          CLASS_DENIED,    "the other side does not take our credentials" },
	{ "ChallengeFailed",     CLASS_DENIED,    "the issuer could not see that the name is ours" },
	{ "Forbidden",           CLASS_DENIED,    "our credentials do not allow it" },
	{ "IssuerRefused",       CLASS_DENIED,    "the issuer does not take the order, or answers what it should not" },
	{ "NotAllowed",          CLASS_DENIED,    "agent.yaml does not let a state reach that address, or use that secret" },
	{ "PortDenied",          CLASS_DENIED,    "this user may not open such a port" },
	{ "SecretMissing",       CLASS_DENIED,    "a secret that the state names is not on this machine, or cannot be read" },
	{ "BackupsDamaged",      CLASS_BUG,       "what is at the place of the backups is not what was written" },
	{ "DatabaseDamaged",     CLASS_BUG,       "a page of the control database is not what was written" },
	{ "Error",               CLASS_BUG,       "it failed, and there is no word for why" },
	{ "FileDamaged",         CLASS_BUG,       "a page of an account's file is not what was written" },
	{ "IntakeStopped",       CLASS_BUG,       "no mail is taken since the disk failed" },
	{ "InternalError",       CLASS_BUG,       "a mistake of this program; its log says where" },
	{ "KeyMissing",          CLASS_BUG,       "an account has no key that opens its file" },
	{ "LogDamaged",          CLASS_BUG,       "the start could not read places of the intake log" },
	{ "SendingStopped",      CLASS_BUG,       "no mail goes out since the queue's disk failed" },
};
/* clang-format on */

const struct class_rule *class_rule(enum error_class class)
{
	assert(class < ERROR_CLASSES);
	return &classes[class];
}

const struct reason *reason_at(size_t i)
{
	return i < ARRAY_LEN(reasons) ? &reasons[i] : NULL;
}

const struct reason *reason_find(struct view word)
{
	for (size_t i = 0; i < ARRAY_LEN(reasons); i++)
		if (view_eq(word, view_z(reasons[i].word)))
			return &reasons[i];
	return NULL;
}

enum error_class reason_class(struct view word)
{
	const struct reason *reason = reason_find(word);

	return reason ? reason->class : CLASS_BUG;
}

nstime requeue_most(enum error_class class, unsigned failures)
{
	const struct class_rule *rule = class_rule(class);
	unsigned doublings = failures < MOST_DOUBLINGS ? failures : MOST_DOUBLINGS;
	nstime ceiling = rule->first;

	if (rule->requeue != REQUEUE_BACKOFF)
		return rule->most;
	for (unsigned i = 1; i < doublings && ceiling < rule->most; i++)
		ceiling *= 2;
	return nstime_min(ceiling, rule->most);
}

static nstime backoff(enum error_class class, unsigned failures, uint64_t random)
{
	return (nstime)(random % (uint64_t)(requeue_most(class, failures) + 1));
}

nstime requeue_delay(
		enum error_class class, unsigned failures, nstime given, uint64_t random)
{
	const struct class_rule *rule = class_rule(class);

	switch (rule->requeue) {
	case REQUEUE_NEVER:
	case REQUEUE_APPROVAL:
		return NSTIME_NEVER;
	case REQUEUE_POLL:
		return rule->most;
	case REQUEUE_EVENT:
	case REQUEUE_GIVEN:
		return nstime_min(given > 0 ? given : rule->first, rule->most);
	case REQUEUE_BACKOFF:
		return backoff(class, failures, random);
	}
	die("a class without a requeue rule: %s", rule->name);
}

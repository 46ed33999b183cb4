from recon.settings import RuleSettings as RuleSettings

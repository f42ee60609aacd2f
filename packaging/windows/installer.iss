; Inno Setup 6: one installer for the user or for everybody. make_installer.py calls it:
;   iscc /DVersion=… /DSource=folder /DOutput=folder /DIcon=brainsr.ico [/DSign=yes] installer.iss
#ifndef Version
  #error Say the version: iscc /DVersion=...
#endif

[Setup]
; Never change: Windows knows the program by it.
AppId={{6B6E2C6E-3F5B-4B0E-9C5D-0B6D1C4B7A11}
AppName=BrainSR Desktop
AppVersion={#Version}
AppPublisher=The BrainSR Desktop authors
DefaultDirName={autopf}\BrainSR Desktop
DefaultGroupName=BrainSR Desktop
DisableProgramGroupPage=yes
PrivilegesRequired=lowest
PrivilegesRequiredOverridesAllowed=dialog
ArchitecturesAllowed=x64compatible
ArchitecturesInstallIn64BitMode=x64compatible
MinVersion=10.0.17763
LicenseFile={#Source}\LICENSE
SetupIconFile={#Icon}
UninstallDisplayIcon={app}\brainsr-desktop.exe
OutputDir={#Output}
OutputBaseFilename={#BaseName}
Compression=lzma2/max
SolidCompression=yes
ChangesAssociations=yes
ChangesEnvironment=yes
CloseApplications=yes
WizardStyle=modern
#ifdef Sign
; "brainsr" is a sign tool that make_installer.py names: signtool with the certificate of this machine's store.
SignTool=brainsr
SignedUninstaller=yes
#endif

[Languages]
Name: "en"; MessagesFile: "compiler:Default.isl"
Name: "de"; MessagesFile: "compiler:Languages\German.isl"

[CustomMessages]
en.Associate=Offer BrainSR Desktop for DICOM and NIfTI files
de.Associate=BrainSR Desktop für DICOM- und NIfTI-Dateien anbieten
en.Path=Make the command brainsr known to the command prompt
de.Path=Den Befehl brainsr in der Eingabeaufforderung bekannt machen

[Tasks]
Name: "desktopicon"; Description: "{cm:CreateDesktopIcon}"; Flags: unchecked
Name: "associate"; Description: "{cm:Associate}"
Name: "path"; Description: "{cm:Path}"; Flags: unchecked

[Files]
Source: "{#Source}\*"; DestDir: "{app}"; Flags: recursesubdirs createallsubdirs ignoreversion

[InstallDelete]
; Libraries of an older version must not stay beside the new ones.
Type: filesandordirs; Name: "{app}\_internal"

[Icons]
Name: "{group}\BrainSR Desktop"; Filename: "{app}\brainsr-desktop.exe"
Name: "{autodesktop}\BrainSR Desktop"; Filename: "{app}\brainsr-desktop.exe"; Tasks: desktopicon

[Registry]
Root: HKA; Subkey: "Software\Classes\BrainSR.Image"; ValueType: string; ValueData: "MR image"; Flags: uninsdeletekey; Tasks: associate
Root: HKA; Subkey: "Software\Classes\BrainSR.Image\DefaultIcon"; ValueType: string; ValueData: "{app}\brainsr-desktop.exe,0"; Tasks: associate
Root: HKA; Subkey: "Software\Classes\BrainSR.Image\shell\open\command"; ValueType: string; ValueData: """{app}\brainsr-desktop.exe"" ""%1"""; Tasks: associate
; "Open with" offers it; what opens these files by a double-click stays what it was.
Root: HKA; Subkey: "Software\Classes\.dcm\OpenWithProgids"; ValueType: string; ValueName: "BrainSR.Image"; ValueData: ""; Flags: uninsdeletevalue; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.dicom\OpenWithProgids"; ValueType: string; ValueName: "BrainSR.Image"; ValueData: ""; Flags: uninsdeletevalue; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.ima\OpenWithProgids"; ValueType: string; ValueName: "BrainSR.Image"; ValueData: ""; Flags: uninsdeletevalue; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.nii\OpenWithProgids"; ValueType: string; ValueName: "BrainSR.Image"; ValueData: ""; Flags: uninsdeletevalue; Tasks: associate
Root: HKA; Subkey: "Software\Classes\.gz\OpenWithProgids"; ValueType: string; ValueName: "BrainSR.Image"; ValueData: ""; Flags: uninsdeletevalue; Tasks: associate
Root: HKA; Subkey: "Software\Classes\Directory\shell\BrainSR"; ValueType: string; ValueData: "BrainSR Desktop"; Flags: uninsdeletekey; Tasks: associate
Root: HKA; Subkey: "Software\Classes\Directory\shell\BrainSR\command"; ValueType: string; ValueData: """{app}\brainsr-desktop.exe"" ""%1"""; Tasks: associate
Root: HKCU; Subkey: "Environment"; ValueType: expandsz; ValueName: "Path"; ValueData: "{olddata};{app}"; Tasks: path; Check: IsUserPathWithout('{app}')

[Run]
Filename: "{app}\brainsr-desktop.exe"; Description: "{cm:LaunchProgram,BrainSR Desktop}"; Flags: nowait postinstall skipifsilent

[Code]
function IsUserPathWithout(Folder: String): Boolean;
var
  Known: String;
begin
  if not RegQueryStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Known) then
    Known := '';
  Result := Pos(';' + Uppercase(ExpandConstant(Folder)) + ';', ';' + Uppercase(Known) + ';') = 0;
end;

procedure CurUninstallStepChanged(Step: TUninstallStep);
var
  Known: String;
begin
  if (Step = usPostUninstall) and RegQueryStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Known) then
  begin
    StringChangeEx(Known, ';' + ExpandConstant('{app}'), '', True);
    RegWriteExpandStringValue(HKEY_CURRENT_USER, 'Environment', 'Path', Known);
  end;
end;

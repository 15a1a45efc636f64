/**
 * The fields of the built-in resources, one Go type a line, as kube-apiserver v1.36.3 declares them: a name, # its
 * number in protobuf, and its type. s text, i integer, n number, b boolean, t and m times, y bytes, x integer or text,
 * q quantity, * anything, [T] a list, {T} a map, a name another line; ? keeps a zero value, ! atomic, {k,…} (a key may
 * have a default) and set the list type, ~ a merge key of strategic patches where the list type does not say it,
 * - none. A field named + is inline in JSON and a message of its own in protobuf. shapes.ts reads it.
 */
export const FIELDS = `
Namespace apiVersion:s kind:s metadata#1:ObjectMeta spec#2:NamespaceSpec status#3:NamespaceStatus
Node apiVersion:s kind:s metadata#1:ObjectMeta spec#2:NodeSpec status#3:NodeStatus
Pod apiVersion:s kind:s metadata#1:ObjectMeta spec#2:PodSpec status#3:PodStatus
Service apiVersion:s kind:s metadata#1:ObjectMeta spec#2:ServiceSpec status#3:ServiceStatus
ConfigMap apiVersion:s binaryData#3:{y} data#2:{s} immutable#4:b? kind:s metadata#1:ObjectMeta
Secret apiVersion:s data#2:{y} immutable#5:b? kind:s metadata#1:ObjectMeta stringData#4:{s} type#3:s
ServiceAccount apiVersion:s automountServiceAccountToken#4:b? imagePullSecrets#3:[LocalObjectReference!] kind:s metadata#1:ObjectMeta secrets#2:[ObjectReference!]{name}
Event action#12:s apiVersion:s count#8:i eventTime#10:m firstTimestamp#6:t involvedObject#2:ObjectReference! kind:s lastTimestamp#7:t message#4:s metadata#1:ObjectMeta reason#3:s related#13:ObjectReference! reportingComponent#14:s? reportingInstance#15:s? series#11:EventSeries source#5:EventSource type#9:s
Endpoints apiVersion:s kind:s metadata#1:ObjectMeta subsets#2:[EndpointSubset]
EndpointSlice addressType#4:s? apiVersion:s endpoints#2:[Endpoint] kind:s metadata#1:ObjectMeta ports#3:[EndpointPort!]
Ingress apiVersion:s kind:s metadata#1:ObjectMeta spec#2:IngressSpec status#3:IngressStatus
IngressClass apiVersion:s kind:s metadata#1:ObjectMeta spec#2:IngressClassSpec
NetworkPolicy apiVersion:s kind:s metadata#1:ObjectMeta spec#2:NetworkPolicySpec
Lease apiVersion:s kind:s metadata#1:ObjectMeta spec#2:LeaseSpec
Deployment apiVersion:s kind:s metadata#1:ObjectMeta spec#2:DeploymentSpec status#3:DeploymentStatus
ReplicaSet apiVersion:s kind:s metadata#1:ObjectMeta spec#2:ReplicaSetSpec status#3:ReplicaSetStatus
DaemonSet apiVersion:s kind:s metadata#1:ObjectMeta spec#2:DaemonSetSpec status#3:DaemonSetStatus
StatefulSet apiVersion:s kind:s metadata#1:ObjectMeta spec#2:StatefulSetSpec status#3:StatefulSetStatus
CustomResourceDefinition apiVersion:s kind:s metadata:ObjectMeta spec:CustomResourceDefinitionSpec status:CustomResourceDefinitionStatus
APIService apiVersion:s kind:s metadata:ObjectMeta spec:APIServiceSpec status:APIServiceStatus
ResourceQuota apiVersion:s kind:s metadata#1:ObjectMeta spec#2:ResourceQuotaSpec status#3:ResourceQuotaStatus
LimitRange apiVersion:s kind:s metadata#1:ObjectMeta spec#2:LimitRangeSpec
ObjectMeta annotations#12:{s} creationTimestamp#8:t deletionGracePeriodSeconds#10:i? deletionTimestamp#9:t finalizers#14:[s]set generateName#2:s generation#7:i labels#11:{s} managedFields#17:[ManagedFieldsEntry] name#1:s namespace#3:s ownerReferences#13:[OwnerReference!]{uid} resourceVersion#6:s selfLink#4:s uid#5:s
NamespaceSpec finalizers#1:[s]
NamespaceStatus conditions#2:[NamespaceCondition]{type} phase#1:s
NodeSpec configSource#6:NodeConfigSource externalID#2:s podCIDR#1:s podCIDRs#7:[s]set providerID#3:s taints#5:[Taint] unschedulable#4:b
NodeStatus addresses#5:[NodeAddress]{type} allocatable#2:{q} capacity#1:{q} conditions#4:[NodeCondition]{type} config#11:NodeConfigStatus daemonEndpoints#6:NodeDaemonEndpoints declaredFeatures#14:[s] features#13:NodeFeatures images#8:[ContainerImage] nodeInfo#7:NodeSystemInfo phase#3:s runtimeHandlers#12:[NodeRuntimeHandler] volumesAttached#10:[AttachedVolume] volumesInUse#9:[s]
PodSpec activeDeadlineSeconds#5:i? affinity#18:Affinity automountServiceAccountToken#21:b? containers#2:[Container]{name} dnsConfig#26:PodDNSConfig dnsPolicy#6:s enableServiceLinks#30:b? ephemeralContainers#34:[EphemeralContainer]{name} hostAliases#23:[HostAlias]{ip} hostIPC#13:b hostNetwork#11:b hostPID#12:b hostUsers#37:b? hostname#16:s hostnameOverride#41:s? imagePullSecrets#15:[LocalObjectReference!]{name} initContainers#20:[Container]{name} nodeName#10:s nodeSelector#7:{s}! os#36:PodOS overhead#32:{q} preemptionPolicy#31:s? priority#25:i? priorityClassName#24:s readinessGates#28:[PodReadinessGate] resourceClaims#39:[PodResourceClaim]{name} resources#40:ResourceRequirements restartPolicy#3:s runtimeClassName#29:s? schedulerName#19:s schedulingGates#38:[PodSchedulingGate]{name} schedulingGroup#43:PodSchedulingGroup securityContext#14:PodSecurityContext serviceAccount#9:s serviceAccountName#8:s setHostnameAsFQDN#35:b? shareProcessNamespace#27:b? subdomain#17:s terminationGracePeriodSeconds#4:i? tolerations#22:[Toleration] topologySpreadConstraints#33:[TopologySpreadConstraint]{topologyKey,whenUnsatisfiable} volumes#1:[Volume]{name}
PodStatus allocatedResources#19:{q} conditions#2:[PodCondition]{type} containerStatuses#8:[ContainerStatus] ephemeralContainerStatuses#13:[ContainerStatus] extendedResourceClaimStatus#18:PodExtendedResourceClaimStatus hostIP#5:s hostIPs#16:[HostIP]~ip initContainerStatuses#10:[ContainerStatus] message#3:s nodeAllocatableResourceClaimStatuses#21:[NodeAllocatableResourceClaimStatus] nominatedNodeName#11:s observedGeneration#17:i phase#1:s podIP#6:s podIPs#12:[PodIP]{ip} qosClass#9:s reason#4:s resize#14:s resourceClaimStatuses#15:[PodResourceClaimStatus]{name} resources#20:ResourceRequirements startTime#7:t
ServiceSpec allocateLoadBalancerNodePorts#20:b? clusterIP#3:s clusterIPs#18:[s] externalIPs#5:[s] externalName#10:s externalTrafficPolicy#11:s healthCheckNodePort#12:i internalTrafficPolicy#22:s? ipFamilies#19:[s] ipFamilyPolicy#17:s? loadBalancerClass#21:s? loadBalancerIP#8:s loadBalancerSourceRanges#9:[s] ports#1:[ServicePort]{port,protocol=TCP} publishNotReadyAddresses#13:b selector#2:{s}! sessionAffinity#7:s sessionAffinityConfig#14:SessionAffinityConfig trafficDistribution#23:s? type#4:s
ServiceStatus conditions#2:[Condition]{type} loadBalancer#1:LoadBalancerStatus
LocalObjectReference name#1:s
ObjectReference apiVersion#5:s fieldPath#7:s kind#1:s name#3:s namespace#2:s resourceVersion#6:s uid#4:s
EventSeries count#1:i lastObservedTime#2:m
EventSource component#1:s host#2:s
EndpointSubset addresses#1:[EndpointAddress!] notReadyAddresses#2:[EndpointAddress!] ports#3:[CoreEndpointPort!]
Endpoint addresses#1:[s]set conditions#2:EndpointConditions deprecatedTopology#5:{s} hints#8:EndpointHints hostname#3:s? nodeName#6:s? targetRef#4:ObjectReference! zone#7:s?
EndpointPort appProtocol#4:s? name#1:s port#3:i? protocol#2:s
IngressSpec defaultBackend#1:IngressBackend ingressClassName#4:s? rules#3:[IngressRule] tls#2:[IngressTLS]
IngressStatus loadBalancer#1:IngressLoadBalancerStatus
IngressClassSpec controller#1:s parameters#2:IngressClassParametersReference
NetworkPolicySpec egress#3:[NetworkPolicyEgressRule] ingress#2:[NetworkPolicyIngressRule] podSelector#1:LabelSelector! policyTypes#4:[s]
LeaseSpec acquireTime#3:m holderIdentity#1:s? leaseDurationSeconds#2:i? leaseTransitions#5:i? preferredHolder#7:s? renewTime#4:m strategy#6:s?
DeploymentSpec minReadySeconds#5:i paused#7:b progressDeadlineSeconds#9:i? replicas#1:i? revisionHistoryLimit#6:i? selector#2:LabelSelector! strategy#4:DeploymentStrategy template#3:PodTemplateSpec
DeploymentStatus availableReplicas#4:i collisionCount#8:i? conditions#6:[DeploymentCondition]{type} observedGeneration#1:i readyReplicas#7:i replicas#2:i terminatingReplicas#9:i? unavailableReplicas#5:i updatedReplicas#3:i
ReplicaSetSpec minReadySeconds#4:i replicas#1:i? selector#2:LabelSelector! template#3:PodTemplateSpec
ReplicaSetStatus availableReplicas#5:i conditions#6:[ReplicaSetCondition]{type} fullyLabeledReplicas#2:i observedGeneration#3:i readyReplicas#4:i replicas#1:i? terminatingReplicas#7:i?
DaemonSetSpec minReadySeconds#4:i revisionHistoryLimit#6:i? selector#1:LabelSelector! template#2:PodTemplateSpec updateStrategy#3:DaemonSetUpdateStrategy
DaemonSetStatus collisionCount#9:i? conditions#10:[DaemonSetCondition]{type} currentNumberScheduled#1:i? desiredNumberScheduled#3:i? numberAvailable#7:i numberMisscheduled#2:i? numberReady#4:i? numberUnavailable#8:i observedGeneration#5:i updatedNumberScheduled#6:i
StatefulSetSpec minReadySeconds#9:i ordinals#11:StatefulSetOrdinals persistentVolumeClaimRetentionPolicy#10:StatefulSetPersistentVolumeClaimRetentionPolicy podManagementPolicy#6:s replicas#1:i? revisionHistoryLimit#8:i? selector#2:LabelSelector! serviceName#5:s? template#3:PodTemplateSpec updateStrategy#7:StatefulSetUpdateStrategy volumeClaimTemplates#4:[PersistentVolumeClaim]
StatefulSetStatus availableReplicas#11:i? collisionCount#9:i? conditions#10:[StatefulSetCondition]{type} currentReplicas#4:i currentRevision#6:s observedGeneration#1:i readyReplicas#3:i replicas#2:i? updateRevision#7:s updatedReplicas#5:i
CustomResourceDefinitionSpec conversion:CustomResourceConversion group:s? names:CustomResourceDefinitionNames preserveUnknownFields:b scope:s? versions:[CustomResourceDefinitionVersion]
CustomResourceDefinitionStatus acceptedNames:CustomResourceDefinitionNames conditions:[CustomResourceDefinitionCondition]{type}- observedGeneration:i storedVersions:[s]
APIServiceSpec caBundle:y group:s groupPriorityMinimum:i? insecureSkipTLSVerify:b service:ServiceReference version:s versionPriority:i?
APIServiceStatus conditions:[APIServiceCondition]{type}
ResourceQuotaSpec hard#1:{q} scopeSelector#3:ScopeSelector! scopes#2:[s]
ResourceQuotaStatus hard#1:{q} used#2:{q}
LimitRangeSpec limits#1:[LimitRangeItem]
ManagedFieldsEntry apiVersion#3:s fieldsType#6:s fieldsV1#7:* manager#1:s operation#2:s subresource#8:s time#4:t
OwnerReference apiVersion#5:s? blockOwnerDeletion#7:b? controller#6:b? kind#1:s? name#3:s? uid#4:s?
NamespaceCondition lastTransitionTime#4:t message#6:s reason#5:s status#2:s? type#1:s?
NodeConfigSource configMap#2:ConfigMapNodeConfigSource
Taint effect#3:s? key#1:s? timeAdded#4:t value#2:s
NodeAddress address#2:s? type#1:s?
NodeCondition lastHeartbeatTime#3:t lastTransitionTime#4:t message#6:s reason#5:s status#2:s? type#1:s?
NodeConfigStatus active#2:NodeConfigSource assigned#1:NodeConfigSource error#4:s lastKnownGood#3:NodeConfigSource
NodeDaemonEndpoints kubeletEndpoint#1:DaemonEndpoint
NodeFeatures supplementalGroupsPolicy#1:b?
ContainerImage names#1:[s] sizeBytes#2:i
NodeSystemInfo architecture#10:s? bootID#3:s? containerRuntimeVersion#6:s? kernelVersion#4:s? kubeProxyVersion#8:s? kubeletVersion#7:s? machineID#1:s? operatingSystem#9:s? osImage#5:s? swap#11:NodeSwapStatus systemUUID#2:s?
NodeRuntimeHandler features#2:NodeRuntimeHandlerFeatures name#1:s?
AttachedVolume devicePath#2:s? name#1:s?
Affinity nodeAffinity#1:NodeAffinity podAffinity#2:PodAffinity podAntiAffinity#3:PodAntiAffinity
Container args#4:[s] command#3:[s] env#7:[EnvVar]{name} envFrom#19:[EnvFromSource] image#2:s imagePullPolicy#14:s lifecycle#12:Lifecycle livenessProbe#10:Probe name#1:s? ports#6:[ContainerPort]{containerPort,protocol=TCP} readinessProbe#11:Probe resizePolicy#23:[ContainerResizePolicy] resources#8:ResourceRequirements restartPolicy#24:s? restartPolicyRules#25:[ContainerRestartRule] securityContext#15:SecurityContext startupProbe#22:Probe stdin#16:b stdinOnce#17:b terminationMessagePath#13:s terminationMessagePolicy#20:s tty#18:b volumeDevices#21:[VolumeDevice]{devicePath} volumeMounts#9:[VolumeMount]{mountPath} workingDir#5:s
PodDNSConfig nameservers#1:[s] options#3:[PodDNSConfigOption] searches#2:[s]
EphemeralContainer targetContainerName#2:s +#1:EphemeralContainerCommon args:[s] command:[s] env:[EnvVar]{name} envFrom:[EnvFromSource] image:s imagePullPolicy:s lifecycle:Lifecycle livenessProbe:Probe name:s ports:[ContainerPort]{containerPort,protocol=TCP} readinessProbe:Probe resizePolicy:[ContainerResizePolicy] resources:ResourceRequirements restartPolicy:s restartPolicyRules:[ContainerRestartRule] securityContext:SecurityContext startupProbe:Probe stdin:b stdinOnce:b terminationMessagePath:s terminationMessagePolicy:s tty:b volumeDevices:[VolumeDevice]{devicePath} volumeMounts:[VolumeMount]{mountPath} workingDir:s
HostAlias hostnames#2:[s] ip#1:s?
PodOS name#1:s?
PodReadinessGate conditionType#1:s?
PodResourceClaim name#1:s? resourceClaimName#3:s? resourceClaimTemplateName#4:s?
ResourceRequirements claims#3:[ResourceClaim]{name}- limits#1:{q} requests#2:{q}
PodSchedulingGate name#1:s?
PodSchedulingGroup podGroupName#1:s?
PodSecurityContext appArmorProfile#11:AppArmorProfile fsGroup#5:i? fsGroupChangePolicy#9:s? runAsGroup#6:i? runAsNonRoot#3:b? runAsUser#2:i? seLinuxChangePolicy#13:s? seLinuxOptions#1:SELinuxOptions seccompProfile#10:SeccompProfile supplementalGroups#4:[i] supplementalGroupsPolicy#12:s? sysctls#7:[Sysctl] windowsOptions#8:WindowsSecurityContextOptions
Toleration effect#4:s key#1:s operator#2:s tolerationSeconds#5:i? value#3:s
TopologySpreadConstraint labelSelector#4:LabelSelector! matchLabelKeys#8:[s] maxSkew#1:i? minDomains#5:i? nodeAffinityPolicy#6:s? nodeTaintsPolicy#7:s? topologyKey#2:s? whenUnsatisfiable#3:s?
Volume name#1:s? +#2:VolumeSource awsElasticBlockStore:AWSElasticBlockStoreVolumeSource azureDisk:AzureDiskVolumeSource azureFile:AzureFileVolumeSource cephfs:CephFSVolumeSource cinder:CinderVolumeSource configMap:ConfigMapVolumeSource csi:CSIVolumeSource downwardAPI:DownwardAPIVolumeSource emptyDir:EmptyDirVolumeSource ephemeral:EphemeralVolumeSource fc:FCVolumeSource flexVolume:FlexVolumeSource flocker:FlockerVolumeSource gcePersistentDisk:GCEPersistentDiskVolumeSource gitRepo:GitRepoVolumeSource glusterfs:GlusterfsVolumeSource hostPath:HostPathVolumeSource image:ImageVolumeSource iscsi:ISCSIVolumeSource nfs:NFSVolumeSource persistentVolumeClaim:PersistentVolumeClaimVolumeSource photonPersistentDisk:PhotonPersistentDiskVolumeSource portworxVolume:PortworxVolumeSource projected:ProjectedVolumeSource quobyte:QuobyteVolumeSource rbd:RBDVolumeSource scaleIO:ScaleIOVolumeSource secret:SecretVolumeSource storageos:StorageOSVolumeSource vsphereVolume:VsphereVirtualDiskVolumeSource
PodCondition lastProbeTime#3:t lastTransitionTime#4:t message#6:s observedGeneration#7:i reason#5:s status#2:s? type#1:s?
ContainerStatus allocatedResources#10:{q} allocatedResourcesStatus#14:[ResourceStatus]{name} containerID#8:s image#6:s? imageID#7:s? lastState#3:ContainerState name#1:s? ready#4:b? resources#11:ResourceRequirements restartCount#5:i? started#9:b? state#2:ContainerState stopSignal#15:s? user#13:ContainerUser volumeMounts#12:[VolumeMountStatus]{mountPath}
PodExtendedResourceClaimStatus requestMappings#1:[ContainerExtendedResourceRequest] resourceClaimName#2:s?
HostIP ip#1:s?
NodeAllocatableResourceClaimStatus containers#2:[s]set resourceClaimName#1:s? resources#3:{q}
PodIP ip#1:s?
PodResourceClaimStatus name#1:s? resourceClaimName#2:s?
ServicePort appProtocol#6:s? name#1:s nodePort#5:i port#3:i? protocol#2:s targetPort#4:x
SessionAffinityConfig clientIP#1:ClientIPConfig
Condition lastTransitionTime#4:t message#6:s? observedGeneration#3:i reason#5:s? status#2:s? type#1:s?
LoadBalancerStatus ingress#1:[LoadBalancerIngress]
EndpointAddress hostname#3:s ip#1:s? nodeName#4:s? targetRef#2:ObjectReference!
CoreEndpointPort appProtocol#4:s? name#1:s port#2:i? protocol#3:s
EndpointConditions ready#1:b? serving#2:b? terminating#3:b?
EndpointHints forNodes#2:[ForNode] forZones#1:[ForZone]
IngressBackend resource#3:TypedLocalObjectReference! service#4:IngressServiceBackend
IngressRule host#1:s +#2:IngressRuleValue http:HTTPIngressRuleValue
IngressTLS hosts#1:[s] secretName#2:s
IngressLoadBalancerStatus ingress#1:[IngressLoadBalancerIngress]
IngressClassParametersReference kind#2:s? name#3:s? namespace#5:s? scope#4:s? apiGroup#1:s?
NetworkPolicyEgressRule ports#1:[NetworkPolicyPort] to#2:[NetworkPolicyPeer]
NetworkPolicyIngressRule from#2:[NetworkPolicyPeer] ports#1:[NetworkPolicyPort]
LabelSelector matchExpressions#2:[LabelSelectorRequirement] matchLabels#1:{s}
DeploymentStrategy rollingUpdate#2:RollingUpdateDeployment type#1:s
PodTemplateSpec metadata#1:ObjectMeta spec#2:PodSpec
DeploymentCondition lastTransitionTime#7:t lastUpdateTime#6:t message#5:s reason#4:s status#2:s? type#1:s?
ReplicaSetCondition lastTransitionTime#3:t message#5:s reason#4:s status#2:s? type#1:s?
DaemonSetUpdateStrategy rollingUpdate#2:RollingUpdateDaemonSet type#1:s
DaemonSetCondition lastTransitionTime#3:t message#5:s reason#4:s status#2:s? type#1:s?
StatefulSetOrdinals start#1:i?
StatefulSetPersistentVolumeClaimRetentionPolicy whenDeleted#1:s whenScaled#2:s
StatefulSetUpdateStrategy rollingUpdate#2:RollingUpdateStatefulSetStrategy type#1:s
PersistentVolumeClaim apiVersion:s kind:s metadata#1:ObjectMeta spec#2:PersistentVolumeClaimSpec status#3:PersistentVolumeClaimStatus
StatefulSetCondition lastTransitionTime#3:t message#5:s reason#4:s status#2:s? type#1:s?
CustomResourceConversion strategy:s? webhook:WebhookConversion
CustomResourceDefinitionNames categories:[s] kind:s? listKind:s plural:s? shortNames:[s] singular:s
CustomResourceDefinitionVersion additionalPrinterColumns:[CustomResourceColumnDefinition] deprecated:b deprecationWarning:s? name:s? schema:CustomResourceValidation selectableFields:[SelectableField] served:b? storage:b? subresources:CustomResourceSubresources
CustomResourceDefinitionCondition lastTransitionTime:t message:s observedGeneration:i reason:s status:s? type:s?
ServiceReference name:s? namespace:s? port:i?
APIServiceCondition lastTransitionTime:t message:s reason:s status:s? type:s?
ScopeSelector matchExpressions#1:[ScopedResourceSelectorRequirement]
LimitRangeItem default#4:{q} defaultRequest#5:{q} max#2:{q} maxLimitRequestRatio#6:{q} min#3:{q} type#1:s?
ConfigMapNodeConfigSource kubeletConfigKey#5:s? name#2:s? namespace#1:s? resourceVersion#4:s uid#3:s
DaemonEndpoint Port#1:i?
NodeSwapStatus capacity#1:i?
NodeRuntimeHandlerFeatures recursiveReadOnlyMounts#1:b? userNamespaces#2:b?
NodeAffinity preferredDuringSchedulingIgnoredDuringExecution#2:[PreferredSchedulingTerm] requiredDuringSchedulingIgnoredDuringExecution#1:NodeSelector!
PodAffinity preferredDuringSchedulingIgnoredDuringExecution#2:[WeightedPodAffinityTerm] requiredDuringSchedulingIgnoredDuringExecution#1:[PodAffinityTerm]
PodAntiAffinity preferredDuringSchedulingIgnoredDuringExecution#2:[WeightedPodAffinityTerm] requiredDuringSchedulingIgnoredDuringExecution#1:[PodAffinityTerm]
EnvVar name#1:s? value#2:s valueFrom#3:EnvVarSource
EnvFromSource configMapRef#2:ConfigMapEnvSource prefix#1:s secretRef#3:SecretEnvSource
Lifecycle postStart#1:LifecycleHandler preStop#2:LifecycleHandler stopSignal#3:s?
Probe failureThreshold#6:i initialDelaySeconds#2:i periodSeconds#4:i successThreshold#5:i terminationGracePeriodSeconds#7:i? timeoutSeconds#3:i +#1:ProbeHandler exec:ExecAction grpc:GRPCAction httpGet:HTTPGetAction tcpSocket:TCPSocketAction
ContainerPort containerPort#3:i? hostIP#5:s hostPort#2:i name#1:s protocol#4:s
ContainerResizePolicy resourceName#1:s? restartPolicy#2:s?
ContainerRestartRule action#1:s exitCodes#2:ContainerRestartRuleOnExitCodes
SecurityContext allowPrivilegeEscalation#7:b? appArmorProfile#12:AppArmorProfile capabilities#1:Capabilities privileged#2:b? procMount#9:s? readOnlyRootFilesystem#6:b? runAsGroup#8:i? runAsNonRoot#5:b? runAsUser#4:i? seLinuxOptions#3:SELinuxOptions seccompProfile#11:SeccompProfile windowsOptions#10:WindowsSecurityContextOptions
VolumeDevice devicePath#2:s? name#1:s?
VolumeMount mountPath#3:s? mountPropagation#5:s? name#1:s? readOnly#2:b recursiveReadOnly#7:s? subPath#4:s subPathExpr#6:s
PodDNSConfigOption name#1:s value#2:s?
ResourceClaim name#1:s? request#2:s
AppArmorProfile localhostProfile#2:s? type#1:s?
SELinuxOptions level#4:s role#2:s type#3:s user#1:s
SeccompProfile localhostProfile#2:s? type#1:s?
Sysctl name#1:s? value#2:s?
WindowsSecurityContextOptions gmsaCredentialSpec#2:s? gmsaCredentialSpecName#1:s? hostProcess#4:b? runAsUserName#3:s?
AWSElasticBlockStoreVolumeSource fsType#2:s partition#3:i readOnly#4:b volumeID#1:s?
AzureDiskVolumeSource cachingMode#3:s? diskName#1:s? diskURI#2:s? fsType#4:s? kind#6:s? readOnly#5:b?
AzureFileVolumeSource readOnly#3:b secretName#1:s? shareName#2:s?
CephFSVolumeSource monitors#1:[s] path#2:s readOnly#6:b secretFile#4:s secretRef#5:LocalObjectReference! user#3:s
CinderVolumeSource fsType#2:s readOnly#3:b secretRef#4:LocalObjectReference! volumeID#1:s?
ConfigMapVolumeSource defaultMode#3:i? items#2:[KeyToPath] optional#4:b? +#1:LocalObjectReference name:s
CSIVolumeSource driver#1:s? fsType#3:s? nodePublishSecretRef#5:LocalObjectReference! readOnly#2:b? volumeAttributes#4:{s}
DownwardAPIVolumeSource defaultMode#2:i? items#1:[DownwardAPIVolumeFile]
EmptyDirVolumeSource medium#1:s sizeLimit#2:q?
EphemeralVolumeSource volumeClaimTemplate#1:PersistentVolumeClaimTemplate
FCVolumeSource fsType#3:s lun#2:i? readOnly#4:b targetWWNs#1:[s] wwids#5:[s]
FlexVolumeSource driver#1:s? fsType#2:s options#5:{s} readOnly#4:b secretRef#3:LocalObjectReference!
FlockerVolumeSource datasetName#1:s datasetUUID#2:s
GCEPersistentDiskVolumeSource fsType#2:s partition#3:i pdName#1:s? readOnly#4:b
GitRepoVolumeSource directory#3:s repository#1:s? revision#2:s
GlusterfsVolumeSource endpoints#1:s? path#2:s? readOnly#3:b
HostPathVolumeSource path#1:s? type#2:s?
ImageVolumeSource pullPolicy#2:s reference#1:s
ISCSIVolumeSource chapAuthDiscovery#8:b chapAuthSession#11:b fsType#5:s initiatorName#12:s? iqn#2:s? iscsiInterface#4:s lun#3:i? portals#7:[s] readOnly#6:b secretRef#10:LocalObjectReference! targetPortal#1:s?
NFSVolumeSource path#2:s? readOnly#3:b server#1:s?
PersistentVolumeClaimVolumeSource claimName#1:s? readOnly#2:b
PhotonPersistentDiskVolumeSource fsType#2:s pdID#1:s?
PortworxVolumeSource fsType#2:s readOnly#3:b volumeID#1:s?
ProjectedVolumeSource defaultMode#2:i? sources#1:[VolumeProjection]
QuobyteVolumeSource group#5:s readOnly#3:b registry#1:s? tenant#6:s user#4:s volume#2:s?
RBDVolumeSource fsType#3:s image#2:s? keyring#6:s monitors#1:[s] pool#4:s readOnly#8:b secretRef#7:LocalObjectReference! user#5:s
ScaleIOVolumeSource fsType#9:s gateway#1:s? protectionDomain#5:s readOnly#10:b secretRef#3:LocalObjectReference! sslEnabled#4:b storageMode#7:s storagePool#6:s system#2:s? volumeName#8:s
SecretVolumeSource defaultMode#3:i? items#2:[KeyToPath] optional#4:b? secretName#1:s
StorageOSVolumeSource fsType#3:s readOnly#4:b secretRef#5:LocalObjectReference! volumeName#1:s volumeNamespace#2:s
VsphereVirtualDiskVolumeSource fsType#2:s storagePolicyID#4:s storagePolicyName#3:s volumePath#1:s?
ResourceStatus name#1:s? resources#2:[ResourceHealth]{resourceID}-
ContainerState running#2:ContainerStateRunning terminated#3:ContainerStateTerminated waiting#1:ContainerStateWaiting
ContainerUser linux#1:LinuxContainerUser
VolumeMountStatus mountPath#2:s? name#1:s? readOnly#3:b recursiveReadOnly#4:s? volumeStatus#5:VolumeStatus
ContainerExtendedResourceRequest containerName#1:s? requestName#3:s? resourceName#2:s?
ClientIPConfig timeoutSeconds#1:i?
LoadBalancerIngress hostname#2:s ip#1:s ipMode#3:s? ports#4:[PortStatus]
ForNode name#1:s?
ForZone name#1:s?
TypedLocalObjectReference apiGroup#1:s? kind#2:s? name#3:s?
IngressServiceBackend name#1:s? port#2:ServiceBackendPort!
HTTPIngressRuleValue paths#1:[HTTPIngressPath]
IngressLoadBalancerIngress hostname#2:s ip#1:s ports#4:[IngressPortStatus]
NetworkPolicyPort endPort#3:i? port#2:x? protocol#1:s?
NetworkPolicyPeer ipBlock#3:IPBlock namespaceSelector#2:LabelSelector! podSelector#1:LabelSelector!
LabelSelectorRequirement key#1:s? operator#2:s? values#3:[s]
RollingUpdateDeployment maxSurge#2:x? maxUnavailable#1:x?
RollingUpdateDaemonSet maxSurge#2:x? maxUnavailable#1:x?
RollingUpdateStatefulSetStrategy maxUnavailable#2:x? partition#1:i?
PersistentVolumeClaimSpec accessModes#1:[s] dataSource#7:TypedLocalObjectReference! dataSourceRef#8:TypedObjectReference resources#2:VolumeResourceRequirements selector#4:LabelSelector! storageClassName#5:s? volumeAttributesClassName#9:s? volumeMode#6:s? volumeName#3:s
PersistentVolumeClaimStatus accessModes#2:[s] allocatedResourceStatuses#7:{s} allocatedResources#5:{q} capacity#3:{q} conditions#4:[PersistentVolumeClaimCondition]{type} currentVolumeAttributesClassName#8:s? modifyVolumeStatus#9:ModifyVolumeStatus phase#1:s
WebhookConversion clientConfig:WebhookClientConfig conversionReviewVersions:[s]
CustomResourceColumnDefinition description:s format:s jsonPath:s? name:s? priority:i type:s?
CustomResourceValidation openAPIV3Schema:JSONSchemaProps
SelectableField jsonPath:s?
CustomResourceSubresources scale:CustomResourceSubresourceScale status:*
ScopedResourceSelectorRequirement operator#2:s? scopeName#1:s? values#3:[s]
PreferredSchedulingTerm preference#2:NodeSelectorTerm! weight#1:i?
NodeSelector nodeSelectorTerms#1:[NodeSelectorTerm!]
WeightedPodAffinityTerm podAffinityTerm#2:PodAffinityTerm weight#1:i?
PodAffinityTerm labelSelector#1:LabelSelector! matchLabelKeys#5:[s] mismatchLabelKeys#6:[s] namespaceSelector#4:LabelSelector! namespaces#2:[s] topologyKey#3:s?
EnvVarSource configMapKeyRef#3:ConfigMapKeySelector! fieldRef#1:ObjectFieldSelector! fileKeyRef#5:FileKeySelector! resourceFieldRef#2:ResourceFieldSelector! secretKeyRef#4:SecretKeySelector!
ConfigMapEnvSource optional#2:b? +#1:LocalObjectReference name:s
SecretEnvSource optional#2:b? +#1:LocalObjectReference name:s
LifecycleHandler exec#1:ExecAction httpGet#2:HTTPGetAction sleep#4:SleepAction tcpSocket#3:TCPSocketAction
ExecAction command#1:[s]
GRPCAction port#1:i? service#2:s?
HTTPGetAction host#3:s httpHeaders#5:[HTTPHeader] path#1:s port#2:x? scheme#4:s
TCPSocketAction host#2:s port#1:x?
ContainerRestartRuleOnExitCodes operator#1:s values#2:[i]set
Capabilities add#1:[s] drop#2:[s]
KeyToPath key#1:s? mode#3:i? path#2:s?
DownwardAPIVolumeFile fieldRef#2:ObjectFieldSelector! mode#4:i? path#1:s? resourceFieldRef#3:ResourceFieldSelector!
PersistentVolumeClaimTemplate metadata#1:ObjectMeta spec#2:PersistentVolumeClaimSpec
VolumeProjection clusterTrustBundle#5:ClusterTrustBundleProjection configMap#3:ConfigMapProjection downwardAPI#2:DownwardAPIProjection podCertificate#6:PodCertificateProjection secret#1:SecretProjection serviceAccountToken#4:ServiceAccountTokenProjection
ResourceHealth health#2:s message#6:s? resourceID#1:s?
ContainerStateRunning startedAt#1:t
ContainerStateTerminated containerID#7:s exitCode#1:i? finishedAt#6:t message#4:s reason#3:s signal#2:i startedAt#5:t
ContainerStateWaiting message#2:s reason#1:s
LinuxContainerUser gid#2:i? supplementalGroups#3:[i] uid#1:i?
VolumeStatus image#1:ImageVolumeStatus
PortStatus error#3:s? port#1:i? protocol#2:s?
ServiceBackendPort name#1:s number#2:i
HTTPIngressPath backend#2:IngressBackend path#1:s pathType#3:s?
IngressPortStatus error#3:s? port#1:i? protocol#2:s?
IPBlock cidr#1:s? except#2:[s]
TypedObjectReference apiGroup#1:s? kind#2:s? name#3:s? namespace#4:s?
VolumeResourceRequirements limits#1:{q} requests#2:{q}
PersistentVolumeClaimCondition lastProbeTime#3:t lastTransitionTime#4:t message#6:s reason#5:s status#2:s? type#1:s?
ModifyVolumeStatus status#2:s? targetVolumeAttributesClassName#1:s
WebhookClientConfig caBundle:y service:ApiextensionsServiceReference url:s?
JSONSchemaProps *
CustomResourceSubresourceScale labelSelectorPath:s? specReplicasPath:s? statusReplicasPath:s?
NodeSelectorTerm matchExpressions#1:[NodeSelectorRequirement] matchFields#2:[NodeSelectorRequirement]
ConfigMapKeySelector key#2:s? optional#3:b? +#1:LocalObjectReference name:s
ObjectFieldSelector apiVersion#1:s fieldPath#2:s?
FileKeySelector key#3:s? optional#4:b? path#2:s? volumeName#1:s?
ResourceFieldSelector containerName#1:s divisor#3:q resource#2:s?
SecretKeySelector key#2:s? optional#3:b? +#1:LocalObjectReference name:s
SleepAction seconds#1:i?
HTTPHeader name#1:s? value#2:s?
ClusterTrustBundleProjection labelSelector#3:LabelSelector! name#1:s? optional#5:b? path#4:s? signerName#2:s?
ConfigMapProjection items#2:[KeyToPath] optional#4:b? +#1:LocalObjectReference name:s
DownwardAPIProjection items#1:[DownwardAPIVolumeFile]
PodCertificateProjection certificateChainPath#6:s credentialBundlePath#4:s keyPath#5:s keyType#2:s maxExpirationSeconds#3:i? signerName#1:s userAnnotations#7:{s}
SecretProjection items#2:[KeyToPath] optional#4:b? +#1:LocalObjectReference name:s
ServiceAccountTokenProjection audience#1:s expirationSeconds#2:i? path#3:s?
ImageVolumeStatus imageRef#1:s
ApiextensionsServiceReference name:s? namespace:s? path:s? port:i?
NodeSelectorRequirement key#1:s? operator#2:s? values#3:[s]
EphemeralContainerCommon args#4:[s] command#3:[s] env#7:[EnvVar]{name} envFrom#19:[EnvFromSource] image#2:s imagePullPolicy#14:s lifecycle#12:Lifecycle livenessProbe#10:Probe name#1:s? ports#6:[ContainerPort]{containerPort,protocol=TCP} readinessProbe#11:Probe resizePolicy#23:[ContainerResizePolicy] resources#8:ResourceRequirements restartPolicy#24:s? restartPolicyRules#25:[ContainerRestartRule] securityContext#15:SecurityContext startupProbe#22:Probe stdin#16:b stdinOnce#17:b terminationMessagePath#13:s terminationMessagePolicy#20:s tty#18:b volumeDevices#21:[VolumeDevice]{devicePath} volumeMounts#9:[VolumeMount]{mountPath} workingDir#5:s
VolumeSource awsElasticBlockStore#4:AWSElasticBlockStoreVolumeSource azureDisk#22:AzureDiskVolumeSource azureFile#18:AzureFileVolumeSource cephfs#14:CephFSVolumeSource cinder#13:CinderVolumeSource configMap#19:ConfigMapVolumeSource csi#28:CSIVolumeSource downwardAPI#16:DownwardAPIVolumeSource emptyDir#2:EmptyDirVolumeSource ephemeral#29:EphemeralVolumeSource fc#17:FCVolumeSource flexVolume#12:FlexVolumeSource flocker#15:FlockerVolumeSource gcePersistentDisk#3:GCEPersistentDiskVolumeSource gitRepo#5:GitRepoVolumeSource glusterfs#9:GlusterfsVolumeSource hostPath#1:HostPathVolumeSource image#30:ImageVolumeSource iscsi#8:ISCSIVolumeSource nfs#7:NFSVolumeSource persistentVolumeClaim#10:PersistentVolumeClaimVolumeSource photonPersistentDisk#23:PhotonPersistentDiskVolumeSource portworxVolume#24:PortworxVolumeSource projected#26:ProjectedVolumeSource quobyte#21:QuobyteVolumeSource rbd#11:RBDVolumeSource scaleIO#25:ScaleIOVolumeSource secret#6:SecretVolumeSource storageos#27:StorageOSVolumeSource vsphereVolume#20:VsphereVirtualDiskVolumeSource
IngressRuleValue http#1:HTTPIngressRuleValue
ProbeHandler exec#1:ExecAction grpc#4:GRPCAction httpGet#2:HTTPGetAction tcpSocket#3:TCPSocketAction
Status apiVersion:s kind:s metadata#1:ListMeta status#2:s message#3:s reason#4:s details#5:StatusDetails code#6:i
StatusDetails name#1:s group#2:s kind#3:s causes#4:[StatusCause] retryAfterSeconds#5:i uid#6:s
StatusCause reason#1:s message#2:s field#3:s
ListMeta selfLink#1:s resourceVersion#2:s continue#3:s remainingItemCount#4:i?
DeleteOptions apiVersion:s kind:s gracePeriodSeconds#1:i? preconditions#2:Preconditions orphanDependents#3:b? propagationPolicy#4:s? dryRun#5:[s] ignoreStoreReadErrorWithClusterBreakingPotential#6:b?
Preconditions uid#1:s? resourceVersion#2:s?
SelfSubjectAccessReview metadata#1:ObjectMeta spec#2:AccessReviewSpec
SubjectAccessReview metadata#1:ObjectMeta spec#2:SubjectReviewSpec
SelfSubjectReview metadata#1:ObjectMeta
AccessReviewSpec resourceAttributes#1:ResourceAttributes nonResourceAttributes#2:NonResourceAttributes
SubjectReviewSpec resourceAttributes#1:ResourceAttributes nonResourceAttributes#2:NonResourceAttributes user#3:s groups#4:[s] uid#6:s
ResourceAttributes namespace#1:s verb#2:s group#3:s version#4:s resource#5:s subresource#6:s name#7:s
NonResourceAttributes path#1:s verb#2:s
`
